'use strict';

/** The percentile of sorted values, by nearest rank. */
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

/** Median and spread of a value over the rounds that have it; `undefined` if none has. */
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

/** Summary of the ratio of two series, round by round. */
function pairedRatio(values, others) {
  return summary(values.map((value, round) => value / others[round]));
}

/**
 * The least-squares line through points `[x, y]`: its slope and standard error. There is no error for two points or fewer.
 */
function fitLine(points) {
  const mean = (at) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const run = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / run;
  const residues = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  const error = points.length > 2 ? Math.sqrt(residues / (points.length - 2) / run) : Infinity;
  return { slope, error };
}

/** The rise of a value's fitted line from the first sample to the last; samples are taken over calls. */
function gain(samples, figure) {
  const { slope } = fitLine(samples.map((sample) => [sample.calls, sample[figure]]));
  return slope * (samples[samples.length - 1].calls - samples[0].calls);
}

module.exports = { fitLine, gain, median, summary, percentiles, pairedRatio };
