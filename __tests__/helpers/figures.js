'use strict';

/** Parts of the statistics that a client may lack, because it has no store or no cache of records. */
const PARTS = {
  breaker: { state: 'closed', sinceMs: 60_000, lastError: null },
  store: { kind: 'file', connected: true, loaded: 12, hits: 3, errors: 1 },
  records: { hits: 5, size: 2, bytes: 2_048, stale: 1 },
};

/**
 * lib/client.js with figures that have every part: `jest.mock('../lib/client', () => require('./helpers/figures').clientModule())`.
 * `parts` replaces some of them.
 */
function clientModule(parts) {
  const actual = jest.requireActual('../../lib/client');
  const figuresOf = (client) => {
    const figures = actual.figuresOf(client);
    const { requests } = figures.stats;
    return { ...figures, stats: { ...PARTS, ...figures.stats, requests: { refreshed: 4, ...requests }, ...parts } };
  };
  return { ...actual, figuresOf };
}

module.exports = { clientModule };
