'use strict';

// The traffic of an indexer on the real gun package: its work on axios alone and with each of the three patches of
// examples/indexer, side by side. Part of `npm run bench`; alone: `npm run bench -- --job indexer`.

const { WAYS, runSteps } = require('../examples/steps/run');

const MB = 1e6;

/**
 * What is measured. Parts that mostly wait are done in all ways at the same time; the others are done in one way after the
 * other, because they would take the processor from each other.
 */
const JOBS = [
  { name: 'sync cycle, 37 types, 30 missing', waits: true, sizes: { work: ['sync cycle, first', 'sync cycle, second'], types: 37, registered: 53 } },
  { name: 'discovery of 300 records', waits: true, sizes: { work: ['discovery', 'discovery, again'], types: 37, registered: 300 } },
  { name: '56 missing, ten callers', waits: true, sizes: { work: ['missing, ten callers'], missing: 56 } },
  { name: 'migration of 20 missing records', waits: true, sizes: { work: ['migration'], migrated: 20 } },
  { name: '100 deletion checks, an index of 10,000 keys', sizes: { work: ['deletion checks'], checks: 100, deleted: 10000 } },
  { name: '240 records of 180 KB, 12 at once', sizes: { work: ['large records'], large: 60, largeBytes: 180000, largeReads: 240 } },
  { name: 'an answer of 50 MB for a peer', sizes: { work: ['proxy for the peers'], hugeBytes: 50 * MB, proxied: 1 } },
];

/** The same in small, to see that it works. */
const QUICK = { types: 9, registered: 60, missing: 5, migrated: 2, checks: 5, deleted: 50, large: 4, largeReads: 12, hugeBytes: 2 * MB };
const WAIT_MS = 3000;
const QUICK_WAIT_MS = 2000;

const [AXIOS, INSTALL, HELPER, LOOPS] = WAYS;

/** A limit for what one way needs, in a metric, or for its ratio to axios alone. */
const TARGETS = [
  { part: 'sync cycle, first', way: LOOPS, metric: 'ms', limit: 6500 },
  { part: 'sync cycle, second', way: INSTALL, metric: 'ms', limit: 500 },
  { part: 'sync cycle, second', way: LOOPS, metric: 'ms', limit: 100 },
  { part: 'discovery, again', way: LOOPS, metric: 'ms', limit: 1500 },
  { part: 'missing, ten callers', way: INSTALL, metric: 'requests', limit: 56 },
  { part: 'deletion checks', way: LOOPS, metric: 'ms', ratio: 0.1 },
  { part: 'large records', way: HELPER, metric: 'mainMs', ratio: 0.33 },
  { part: 'proxy for the peers', way: HELPER, metric: 'heldMB', limit: 40 },
];
/** What has to come of it, with all patches. */
const RESULTS = { 'discovery, again': '300 of 300', 'deletion checks': '100 of 100 right', 'large records': '240 of 240', 'proxy for the peers': '50 MB' };

/** Measures all jobs. Resolves with `{ part: { way: { ms, mainMs, heldMB, requests, result } } }`. */
async function measureIndexer({ quick = false, onProgress = () => {} } = {}) {
  const found = {};
  const measure = async ({ sizes }, steps) => {
    const small = Object.fromEntries(Object.keys(sizes).filter((name) => name in QUICK).map((name) => [name, QUICK[name]]));
    const onResult = (way, result) => {
      found[result.name] = { ...found[result.name], [way]: result };
      onProgress(`${way}: ${result.name}`);
    };
    await runSteps({ waitMs: quick ? QUICK_WAIT_MS : WAIT_MS, ...sizes, ...(quick ? small : {}) }, { steps, onResult });
  };
  await Promise.all(JOBS.filter(({ waits }) => waits).map((job) => measure(job)));
  for (const job of JOBS.filter(({ waits }) => !waits)) {
    for (const step of WAYS.keys()) await measure(job, [step]);
  }
  return found;
}

/** The targets, each with what was measured. */
function evaluateIndexer(found) {
  return TARGETS.map(({ part, way, metric, limit, ratio }) => {
    const value = found[part][way][metric];
    const reached = ratio === undefined ? value : value / found[part][AXIOS][metric];
    const isRight = !(part in RESULTS) || found[part][LOOPS].result === RESULTS[part];
    return { part, way, metric, value: reached, limit: ratio === undefined ? limit : ratio, isRatio: ratio !== undefined, met: isRight && reached <= (ratio === undefined ? limit : ratio) };
  });
}

const milliseconds = (ms) => (ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(2)} s`);
const METRICS = [
  ['time', ({ ms }) => milliseconds(ms)],
  ['/ axios', ({ ms }, alone) => `${(ms / alone.ms).toPrecision(2)} ×`],
  ['main thread', ({ mainMs }) => milliseconds(mainMs)],
  ['memory held', ({ heldMB }) => `${heldMB.toFixed(1)} MB`],
  ['requests', ({ requests }) => String(requests)],
  ['result', ({ result }) => result],
];

function textOfIndexer(found) {
  return Object.entries(found).map(([part, ways]) => {
    const rows = [[part, ...METRICS.map(([title]) => title)]];
    for (const way of WAYS) rows.push([`  ${way}`, ...METRICS.map(([, show]) => show(ways[way], ways[AXIOS]))]);
    return aligned(rows);
  }).join('\n\n');
}

function textOfIndexerTargets(targets) {
  const show = (value, { isRatio, metric }) => {
    if (isRatio) return `${value.toPrecision(2)} × axios`;
    if (metric === 'ms') return milliseconds(value);
    return metric === 'heldMB' ? `${value.toFixed(1)} MB` : String(value);
  };
  const rows = [['target', 'way', 'measured', 'at most', '']];
  for (const target of targets) {
    const { part, way, metric, value, limit, met } = target;
    rows.push([metric === 'mainMs' ? `${part}, main thread` : part, way, show(value, target), show(limit, target), met ? 'met' : 'MISSED']);
  }
  return aligned(rows);
}

function aligned(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('   ').trimEnd()).join('\n');
}

module.exports = { JOBS, RESULTS, TARGETS, evaluateIndexer, measureIndexer, textOfIndexer, textOfIndexerTargets };
