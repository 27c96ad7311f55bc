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

/**
 * The line of least squares through points `[x, y]`: its slope, and the standard error of that. Two points or fewer leave
 * nothing to tell an error by.
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

/** By how much the fitted line of a figure rises from the first to the last of the samples, which are taken over calls. */
function gain(samples, figure) {
  const { slope } = fitLine(samples.map((sample) => [sample.calls, sample[figure]]));
  return slope * (samples[samples.length - 1].calls - samples[0].calls);
}

module.exports = { fitLine, gain, median, summary, percentiles, pairedRatio };
