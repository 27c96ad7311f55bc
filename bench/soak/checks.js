'use strict';

// The success checklist of the deployment guide, applied to the measurements of a run. Pure; run.js measures.

const { fitLine } = require('../statistics');

const MB = 2 ** 20;
const MAX_EXTERNAL_RATIO = 1.5;
/** The guide allows 5 GB for a whole node; this process, which does nothing else, gets a twentieth. */
const MAX_RSS = 256 * MB;
/**
 * Allowed growth per hour after garbage collection, over the second half of the run (code warms up in the first). A usual hour
 * has 29,000 calls, so this is 4 bytes per call on the heap, 4 outside it, and 18 in total.
 */
const MAX_GROWTH_PER_HOUR = { heapUsed: 0.1 * MB, external: 0.1 * MB, rss: 0.5 * MB };
/** The heap must fall by itself this often and by this much; with a leak it would only rise. */
const FALL = { bytes: MB / 2, perHour: 0.25 };
/** Hours until the load is normal; the hit rate counts from then on. */
const WARM_UP_HOURS = 2;
/** The minimum number of floors for a trend. */
const LEAST_FLOORS = 8;
/** The guide's progression, in shares of all calls so far. */
const MARKS = [
  { hour: 0.5, least: 0.3, most: 0.4 },
  { hour: 1, least: 0.5, most: 0.7 },
  { hour: 2, least: 0.7, most: 0.9 },
];
const LEAST_HIT_RATE = 0.5;

const percent = (share) => `${(100 * share).toFixed(1)}%`;
const inMB = (bytes, digits = 1) => `${(bytes / MB).toFixed(digits)} MB`;
const most = (values) => Math.max(...values);

/** One point of the list. `passed` is null if the run was too short. */
function point(check, expectation, measurement, passed) {
  return { check, expectation, measurement, passed };
}

function judge({ options, samples, floors, log, end, exit }) {
  return [
    ...Object.keys(MAX_GROWTH_PER_HOUR).map((memory) => growth(memory, floors, options)),
    sawtooth(samples, floors, options),
    rss(samples),
    external(samples),
    ...MARKS.map((mark) => hitRateAt(mark, samples, options)),
    hitRateAtEnd(end, options),
    sweeps(log, options),
    statsLines(log, end),
    none('no "after 2 retries" for a 404', log.counts.failedFor404),
    none('no call fails while the relay is up', end?.counts.failed),
    none('no wrong answer', end?.counts.wrong),
    puts(end),
    syncCycles(end, options),
    size(samples, end),
    none('no failed allocation', log.counts.allocation),
    healthy(end, exit),
  ];
}

/** The upper end of the slope's range must be under the limit, so that noise cannot hide a trend. */
function growth(memory, floors, { hours }) {
  const bound = MAX_GROWTH_PER_HOUR[memory];
  const name = `no growth of ${memory}, after collections`;
  const expectation = `at most ${inMB(bound)}/h, two standard errors added`;
  const warm = floors.filter(({ hour }) => hour >= hours / 2);
  if (warm.length < LEAST_FLOORS) return point(name, expectation, tooShort(), null);
  const { slope, error } = fitLine(warm.map((floor) => [floor.hour, floor[memory]]));
  const measurement = `${inMB(slope, 3)}/h ± ${inMB(error, 3)}/h`;
  return point(name, expectation, measurement, slope + 2 * error <= bound);
}

/** How often the heap fell from one sample to the next, not counting forced collections right after a sample. */
function sawtooth(samples, floors, { hours }) {
  const collected = new Set(floors.map(({ hour }) => hour));
  const falls = samples.slice(1).filter((sample, at) => {
    const before = samples[at];
    return !collected.has(before.hour) && before.heapUsed - sample.heapUsed >= FALL.bytes;
  });
  const least = Math.floor(hours * FALL.perHour);
  const expectation = `the heap falls ${Math.max(1, least)} times or more by itself`;
  if (least < 1) return point('sawtooth', expectation, tooShort(), null);
  return point('sawtooth', expectation, `${falls.length} times`, falls.length >= least);
}

function rss(samples) {
  const peak = most(samples.map((sample) => sample.rss));
  return point('memory stays bounded', `rss below ${inMB(MAX_RSS, 0)}`, inMB(peak), peak < MAX_RSS);
}

function external(samples) {
  const ratio = most(samples.map((sample) => sample.external / sample.heapUsed));
  return point('no external memory warning', `below ${percent(MAX_EXTERNAL_RATIO)} of the heap`, percent(ratio), ratio < MAX_EXTERNAL_RATIO);
}

function hitRateAt({ hour, least, most: limit }, samples, { hours }) {
  const name = `hit rate after ${hour < 1 ? `${60 * hour} min` : `${hour} h`}`;
  const expectation = `${percent(least)} to ${percent(limit)}`;
  const sample = samples.find((candidate) => candidate.hour >= hour);
  if (hours < hour || sample === undefined) return point(name, expectation, tooShort(), null);
  const rate = sample.hits / sample.total;
  return point(name, expectation, percent(rate), rate >= least && rate <= limit);
}

function hitRateAtEnd(end, { hours }) {
  const expectation = `above ${percent(LEAST_HIT_RATE)}`;
  if (hours < WARM_UP_HOURS) return point('hit rate at the end', expectation, tooShort(), null);
  return point('hit rate at the end', expectation, percent(end?.stats.hitRate), end?.stats.hitRate > LEAST_HIT_RATE);
}

/** The first sweep finds nothing expired, and the last may coincide with the end. */
function sweeps(log, { hours }) {
  const least = Math.floor(hours) - 2;
  const expectation = `${Math.max(1, least)} or more, one an hour`;
  if (least < 1) return point('sweep lines', expectation, tooShort(), null);
  return point('sweep lines', expectation, `${log.counts.sweep}`, log.counts.sweep >= least);
}

function statsLines(log, end) {
  const expected = Math.floor(end?.stats.total / 100);
  return point('stats lines', `${expected}, one every 100 calls`, `${log.counts.stats}`, log.counts.stats === expected);
}

function none(check, count) {
  return point(check, '0', `${count}`, count === 0);
}

function puts(end) {
  const { puts: written, putsUnread: unread } = end?.counts ?? {};
  return point('a record just put is read', `${written} of ${written}`, `${written - unread} of ${written}`, unread === 0);
}

function syncCycles(end, { hours }) {
  const least = Math.floor(2 * hours) - 1;
  const done = end?.counts.syncCycles;
  const expectation = `${Math.max(1, least)} or more`;
  if (least < 1) return point('sync cycles', expectation, tooShort(), null);
  return point('sync cycles', expectation, `${done}`, done >= least);
}

function size(samples, end) {
  const largest = most(samples.map((sample) => sample.size));
  return point('the cache stays bounded', `${end?.stats.capacity} souls or less`, `${largest}`, largest <= end?.stats.capacity);
}

function healthy(end, exit) {
  const { apiCalls, answered } = end?.counts ?? {};
  const measurement = exit === 0 ? `${answered} of ${apiCalls} API calls` : `the process ended with ${exit}`;
  return point('healthy and responsive to the end', 'every API call is answered', measurement, exit === 0 && answered === apiCalls);
}

function tooShort() {
  return 'the run is too short';
}

module.exports = { judge };
