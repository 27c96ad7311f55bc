'use strict';

/** Samples of the last ten minutes, so that a page opened during an outage shows how it began. */
const EVERY_MS = 5000;
const KEPT = 120;

/**
 * Takes a sample every 5 s, without keeping the process alive. A sample that fails is left out; a request for the statistics
 * reports the reason.
 *
 * @param {() => object} sample
 * @returns {() => object[]} the samples so far, oldest first, each with its `ageMs`
 */
function historyOf(sample) {
  const samples = [];
  setInterval(() => {
    try {
      samples.push(Object.assign(sample(), { at: performance.now() }));
    } catch (error) {
      return;
    }
    if (samples.length > KEPT) samples.shift();
  }, EVERY_MS).unref();
  return () => {
    const now = performance.now();
    return samples.map(({ at, ...rest }) => Object.assign({ ageMs: Math.round(now - at) }, rest));
  };
}

module.exports = { historyOf };
