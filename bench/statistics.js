'use strict';

/** The value below which a share of the sorted values lies, by nearest rank. */
function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))];
}

function ascending(values) {
  return Float64Array.from(values).sort();
}

function median(values) {
  const sorted = ascending(values);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Median and spread of a figure over the rounds that have it; `undefined` where none has. */
function summary(values) {
  const sorted = ascending(values.filter(Number.isFinite));
  if (sorted.length === 0) return undefined;
  return { median: median(sorted), min: sorted[0], max: sorted[sorted.length - 1], rounds: sorted.length };
}

/** p50 and p99 of the latencies of one round. */
function percentiles(latencies) {
  const sorted = ascending(latencies);
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
}

/** Ratio of two series round by round, then its summary: the rounds of both ran beside each other. */
function pairedRatio(values, others) {
  return summary(values.map((value, round) => value / others[round]));
}

module.exports = { median, summary, percentiles, pairedRatio };
