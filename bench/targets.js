'use strict';

// The targets: a ratio to a peer in the same run, paired round by round, or a limit.

const { pairedRatio, summary } = require('./statistics');

const MB = 2 ** 20;

/** The ratio of gun-native's value to a peer's in one job. */
function ratio(name, job, metric, peer, limit, { stretch, client = 'gun-native', peerMetric = metric } = {}) {
  return { name, job, limit, stretch, unit: '×', value: (of) => pairedRatio(of(job, client, metric), of(job, peer, peerMetric)) };
}

/** A value of gun-native. */
function figure(name, job, metric, limit, unit, scale = 1) {
  return { name, job, limit, unit, value: (of) => summary(of(job, 'gun-native', metric).map((value) => value / scale)) };
}

const targets = [
  ratio('found: main thread / undici', 'found-32', 'mainUsPerCall', 'undici', 0.33, { stretch: 0.25 }),
  ratio('missing: main thread / undici', 'missing-32', 'mainUsPerCall', 'undici', 0.25, { stretch: 0.12 }),
  ratio('found: main thread / axios', 'found-32', 'mainUsPerCall', 'axios', 0.06),
  ratio('found: whole process / undici', 'found-32', 'processUsPerCall', 'undici', 1, { stretch: 0.8 }),
  ratio('missing: whole process / undici', 'missing-32', 'processUsPerCall', 'undici', 1, { stretch: 0.8 }),
  ratio('found, one at a time: p50 / undici', 'found-1', 'p50Ms', 'undici', 1),
  ratio('missing, one at a time: p50 / undici', 'missing-1', 'p50Ms', 'undici', 1),
  ratio('batch of 56, found: main thread per record / undici, single calls', 'batch-found', 'mainUsPerCall', 'undici', 0.18, { client: 'gun-native-batch' }),
  ratio('batch of 56, missing: main thread per record / undici, single calls', 'batch-missing', 'mainUsPerCall', 'undici', 0.18, { client: 'gun-native-batch' }),
  ratio('known missing / lru-cache with ttl, both awaited', 'known-missing', 'nsPerHit', 'lru-cache', 3),
  {
    name: 'found: main thread, 512 at a time / 32 at a time',
    job: 'found-512',
    limit: 1.3,
    unit: '×',
    value: (of) => pairedRatio(of('found-512', 'gun-native', 'mainUsPerCall'), of('found-32', 'gun-native', 'mainUsPerCall')),
  },
  ratio('1 MB: main thread / undici', 'found-1m', 'mainUsPerCall', 'undici', 0.8),
  ratio('found: peak RSS / undici', 'found-32', 'peakRss', 'undici', 0.7),
  ratio('64 KB: peak RSS / undici', 'found-64k', 'peakRss', 'undici', 0.7),
  ratio('1 MB: peak RSS / undici', 'found-1m', 'peakRss', 'undici', 0.7),
  ratio('found: peak external / undici', 'found-32', 'peakExternal', 'undici', 0.3),
  ratio('found: peak external above a bare process / undici', 'found-32', 'addedExternal', 'undici', 0.3),
  ratio('64 KB: peak external / undici', 'found-64k', 'peakExternal', 'undici', 0.3),
  ratio('1 MB: peak external / undici', 'found-1m', 'peakExternal', 'undici', 0.3),
  figure('bytes per remembered soul, 100 thousand', 'cache-100k', 'bytesPerEntry', 150, 'B'),
  figure('bytes per remembered soul, 100 thousand, filled in bulk', 'cache-100k-bulk', 'bytesPerEntry', 150, 'B'),
  figure('bytes per remembered soul, 1 million', 'cache-1m', 'bytesPerEntry', 150, 'B'),
  figure('sweep of 1 million entries: longest pause', 'cache-1m', 'pauseMs', 5, 'ms'),
  figure('require()', 'load', 'loadMs', 10, 'ms'),
  figure('binary', 'load', 'binaryBytes', 4, 'MB', MB),
];

/** The targets covered by the results, each with its value, its spread and whether it is met. */
function evaluate(results) {
  const of = (job, client, metric) => (results[job]?.[client] ?? []).map((round) => round[metric]);
  return targets.flatMap(({ name, job, limit, stretch, unit, value }) => {
    const reached = value(of);
    return reached ? [{ name, job, limit, stretch, unit, ...reached, met: reached.median <= limit }] : [];
  });
}

module.exports = { evaluate };
