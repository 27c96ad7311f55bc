'use strict';

const { RESULTS, TARGETS, evaluateIndexer, textOfIndexer, textOfIndexerTargets } = require('../bench/indexer');
const { WAYS } = require('../examples/steps/run');

const PARTS = [...new Set(TARGETS.map(({ part }) => part))];

/** Measurements in which every part of every way needs this. */
function found({ ms = 100, mainMs = 100, heldMB = 10, requests = 56 } = {}) {
  const ofPart = (part) => Object.fromEntries(WAYS.map((way) => [way, { ms, mainMs, heldMB, requests, result: RESULTS[part] || 'done' }]));
  return Object.fromEntries(PARTS.map((part) => [part, ofPart(part)]));
}

/** Good measurements: what is compared with axios alone is a twentieth of it. */
function good() {
  const all = found();
  for (const part of ['deletion checks', 'large records']) Object.assign(all[part][WAYS[0]], { ms: 2000, mainMs: 2000 });
  return all;
}

const missed = (all) => evaluateIndexer(all).filter(({ met }) => !met).map(({ part, way }) => `${part} ${way}`);

test('good measurements meet every target', () => {
  expect(missed(good())).toEqual([]);
});

test.each(TARGETS)('$part $way is missed by a $metric that is too much', ({ part, way, metric }) => {
  const all = good();
  all[part][way][metric] = 100_000;
  expect(missed(all)).toContain(`${part} ${way}`);
});

test.each(Object.keys(RESULTS))('%s is missed by a wrong result, however fast', (part) => {
  const all = good();
  all[part][WAYS[3]].result = '0 of 300';
  expect(missed(all).some((name) => name.startsWith(part))).toBe(true);
});

test('the tables have every way beside axios, and every target', () => {
  const text = textOfIndexer(good());
  for (const part of PARTS) expect(text).toContain(part);
  expect(text).toMatch(/deletion checks .*\n {2}axios alone +2\.00 s +1\.0 ×.*\n {2}\+ install +100 ms +0\.050 ×/);
  expect(textOfIndexerTargets(evaluateIndexer(good())).split('\n')).toHaveLength(TARGETS.length + 1);
});
