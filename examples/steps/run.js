'use strict';

const { spawn } = require('child_process');
const { once } = require('events');
const path = require('path');
const { createInterface } = require('readline');
const { put, startGunRelay } = require('../relay');
const { samples } = require('../indexer/samples');
const { indexSoul } = require('../indexer/helpers/registry');
const { STEPS, patchedIndexer } = require('./patched');

/** The ways in which the work is done: the indexer as it is, and with one more patch each. */
const WAYS = ['axios alone', ...STEPS.map((step) => `+ ${step.replace(/^\d+-|\.patch$/g, '')}`)];

/** Types of records that the samples store, all among the first of the registry. */
const STORED_TYPES = new Set(samples().map(([, { oip }]) => oip.recordType));

/**
 * Does the work in each way, each with a relay of its own, all at the same time: most of it is waiting.
 *
 * @param {object} sizes see measure.js; `registered`, `deleted`: entries of the registry and of the deletion registry
 * @param {(way: string, result: object) => void} onResult hears of each result as it comes
 * @returns {Promise<object[][]>} the results of each way
 */
async function runSteps(sizes, onResult = () => {}) {
  const stops = [];
  try {
    return await Promise.all(WAYS.map((way, steps) => runStep(steps, sizes, stops, (result) => onResult(way, result))));
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

async function runStep(steps, sizes, stops, onResult) {
  const relay = await startGunRelay({ waitMs: sizes.waitMs });
  stops.push(relay.close);
  const registered = await fill(relay.url, sizes);
  const { folder, remove } = patchedIndexer(steps);
  stops.push(remove);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(GUN_|NODE_OPTIONS$|JEST_)/.test(name)));
  const args = [path.join(__dirname, 'measure.js'), folder, JSON.stringify({ ...sizes, registered })];
  const child = spawn(process.execPath, args, { env: { ...env, GUN_PEERS: relay.url }, stdio: ['ignore', 'pipe', 'inherit'] });
  stops.push(() => child.kill());
  const results = [];
  const ended = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    results.push(JSON.parse(line));
    onResult(results[results.length - 1]);
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`${WAYS[steps]} ended with code ${code}`);
  return results;
}

/** Stores the samples with their registry, and the deletion registry. Returns how many entries the registry has. */
async function fill(url, { registered = 0, deleted }) {
  const stored = samples();
  await Promise.all(stored.map(([soul, { data, oip }]) => put(url, soul, { data: JSON.stringify(data), oip: JSON.stringify(oip) })));
  const entries = stored.map(([soul, { oip }]) => [soul, oip.recordType]);
  for (let n = entries.length; n < registered; n += 1) entries.push([`f3a9c1d27b40:workout-more-${n}`, 'workout']);
  for (const recordType of STORED_TYPES) {
    const own = entries.filter(([, type]) => type === recordType);
    await put(url, indexSoul(recordType), Object.fromEntries(own.map(([soul]) => [soul, { soul, recordType }])));
  }
  const marks = Array.from({ length: deleted }, (_, n) => `f3a9c1d27b40:deleted-${n}`);
  await put(url, 'oip:deleted:records', Object.fromEntries(marks.map((soul) => [soul, { soul, deletedAt: 1 }])));
  return entries.length;
}

module.exports = { STORED_TYPES, WAYS, runSteps };
