'use strict';

const FAILED = 'Error in getRecord after 2 retries';

/** The log lines that operators search for. */
const KINDS = {
  stats: /^📊 \[GUN 404 Cache\] \d+\/\d+ hits \(\d+\.\d% cache hit rate, \d+ cached souls\)$/,
  sweep: /^🧹 \[GUN 404 Cache\] Cleaned [1-9]\d* expired entries, \d+ remain$/,
  // A missing soul must never be reported as a failure.
  failedFor404: new RegExp(`${FAILED}: (.* answered 404 for soul |Not found$)`),
  failed: new RegExp(FAILED),
  // V8, Rust and Node have different messages.
  allocation: /allocation failed|heap out of memory|memory allocation of \d+ bytes failed|Array buffer allocation failed/i,
};
/** Lines kept per kind. */
const KEPT = 5;

/** Counts the lines of a log by kind, others as `other`. The last few of each kind are kept. */
class Log {
  counts = Object.fromEntries([...Object.keys(KINDS), 'other'].map((kind) => [kind, 0]));
  last = Object.fromEntries(Object.keys(this.counts).map((kind) => [kind, []]));

  take(line) {
    const [kind] = Object.entries(KINDS).find(([, pattern]) => pattern.test(line)) ?? ['other'];
    this.counts[kind] += 1;
    this.last[kind].push(line);
    if (this.last[kind].length > KEPT) this.last[kind].shift();
  }
}

module.exports = { Log };
