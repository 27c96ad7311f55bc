'use strict';

// The targets: a ratio to a peer in the same run, paired round by round, or a limit.

const { pairedRatio, summary } = require('./statistics');

const MB = 1e6;

/** The ratio of gun-native's value to a peer's in one job; `why` says where a miss comes from. */
function ratio(name, job, metric, peer, limit, { client = 'gun-native', why } = {}) {
  return { name: `${name} / ${peer}`, job, limit, why, unit: '×', value: (of) => pairedRatio(of(job, client, metric), of(job, peer, metric)) };
}

/** A value of gun-native, divided by `scale`. */
function figure(name, job, metric, limit, unit, { scale = 1, why } = {}) {
  return { name, job, limit, unit, why, value: (of) => summary(of(job, 'gun-native', metric).map((value) => value / scale)) };
}

const MAIN = 'mainUsPerCall';
const PROCESS = 'processUsPerCall';
const BATCH = { client: 'gun-native-batch' };

const LIVE = 'records that are alive together are copied by the garbage collector, which the floor, one record at a time, is spared';
const V8_MEMORY = "most of it is Node's own and what V8 keeps for parsed records, which is the same for both";
const PARSING = 'JSON.parse and the string that it reads take most of it, see the floor in its table';
const CROSSINGS = 'a promise, two crossings into the addon and a share of a wake-up are what is left, spread over many functions of V8 and Node';
const SYSTEM = 'two fifths of the network thread is the system, most of it sending to loopback; reqwest takes 70% more instructions than a bare hyper (docs/performance.md)';
const CONNECTIONS = '256 connections are open then, four times as many as in 0.1, each with some 35 KB of buffers; they close after 4 s';
const WAKES = 'a call changes threads twice, which costs more when each wakes the other one alone';

const targets = [
  ratio('found: main thread', 'found-32', MAIN, 'floor', 1.45, { why: LIVE }),
  ratio('found: main thread', 'found-32', MAIN, 'undici', 0.3, { why: PARSING }),
  ratio('found: main thread', 'found-32', MAIN, 'axios', 0.06),
  ratio('found: whole process', 'found-32', PROCESS, 'undici', 0.95, { why: SYSTEM }),
  ratio('batch of 56, found: main thread per record', 'batch-found', MAIN, 'floor', 1.5, { ...BATCH, why: LIVE }),
  ratio('missing: main thread', 'missing-32', MAIN, 'undici', 0.15, { why: CROSSINGS }),
  ratio('missing: whole process', 'missing-32', PROCESS, 'undici', 0.9, { why: SYSTEM }),
  ratio('cached missing, awaited', 'known-missing', 'nsPerHit', 'lru-cache', 1, { why: 'a promise is most of either; a read also counts itself in memory that the addon shares' }),
  ratio('not all ASCII: main thread', 'found-utf8', MAIN, 'floor', 1.45, { why: LIVE }),
  ratio('240 records of 180 KB: main thread', 'found-180k', MAIN, 'undici', 0.55, { why: PARSING }),
  ratio('240 records of 180 KB: peak RSS', 'found-180k', 'peakRss', 'undici', 0.75, { why: V8_MEMORY }),
  ratio('240 records of 180 KB: peak external', 'found-180k', 'peakExternal', 'undici', 0.1),
  ratio('2,000 calls for 20 souls: main thread', 'found-repeated', MAIN, 'undici', 0.25, { why: PARSING }),
  ratio('2,000 calls for 20 souls: main thread', 'found-repeated', MAIN, 'axios', 0.04, { why: PARSING }),
  ratio('1 MB, cold: peak RSS', 'found-1m-cold', 'peakRss', 'undici', 0.8, { why: V8_MEMORY }),
  ratio('found, one at a time: p50', 'found-1', 'p50Ms', 'undici', 1, { why: WAKES }),
  ratio('missing, one at a time: p50', 'missing-1', 'p50Ms', 'undici', 1, { why: WAKES }),
  {
    name: 'found: main thread, 512 at a time / 32 at a time',
    job: 'found-512',
    limit: 1.3,
    unit: '×',
    why: LIVE,
    value: (of) => pairedRatio(of('found-512', 'gun-native', MAIN), of('found-32', 'gun-native', MAIN)),
  },
  {
    name: 'hit rate on traces: points below an exact LRU, the worst',
    job: 'traces',
    limit: 1,
    unit: '',
    value: (of) => summary(of('traces', 'gun-native', 'rates').map((rates, round) => mostBelow(rates, of('traces', 'lru-cache', 'rates')[round]))),
  },
  figure('cost of a hit by the size of the cache: slope', 'scaling-cached', 'slope', 0.25, '', { why: 'a thousand souls are answered without a call into the addon, and a million no longer fit the caches of the processor' }),
  figure('cost of a caller by the number of callers: slope', 'scaling-callers', 'slope', 0.1, ''),
  figure('cost of a record by the number of requests in flight: slope', 'scaling-in-flight', 'slope', 0.1, '', { why: LIVE }),
  figure('bytes per remembered soul, 100 thousand', 'cache-100k', 'bytesPerEntry', 150, 'B'),
  figure('bytes per remembered soul, 100 thousand, filled in bulk', 'cache-100k-bulk', 'bytesPerEntry', 150, 'B', { why: CONNECTIONS }),
  figure('bytes per remembered soul, 1 million', 'cache-1m', 'bytesPerEntry', 150, 'B'),
  figure('sweep of 1 million entries: longest pause', 'cache-1m', 'pauseMs', 5, 'ms', { why: 'the kernel may run the sweep before the thread that waits for its lock' }),
  figure('require()', 'load', 'loadMs', 10, 'ms'),
  figure('binary', 'load', 'binaryBytes', 4, 'MB', { scale: MB }),
];

/** How far hit rates are below those of a peer on the same trace, at most, in points. */
function mostBelow(rates = {}, peer = {}) {
  return Math.max(...Object.keys(rates).map((name) => 100 * (peer[name] - rates[name])));
}

/** The targets covered by the results, each with its value, its spread and whether it is met. */
function evaluate(results) {
  const of = (job, client, metric) => (results[job]?.[client] ?? []).map((round) => round[metric]);
  return targets.flatMap(({ name, job, limit, unit, why, value }) => {
    const reached = value(of);
    return reached ? [{ name, job, limit, unit, why, ...reached, met: reached.median <= limit }] : [];
  });
}

module.exports = { evaluate };
