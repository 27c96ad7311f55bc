'use strict';

// gun-native with its defaults, without its log lines.

const load = () => require('../..');

function clientOf({ relayUrl, retries, backoff, retryBudget, breaker, cache, sweepEveryMs, onLog }) {
  const { GunClient } = load();
  const chosen = { relayUrl, retries, backoff, retryBudget, breaker, cache, sweepEveryMs };
  const options = Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined));
  const logger = onLog ? { log: onLog, warn: onLog, error: onLog } : false;
  return new GunClient({ ...options, logger });
}

module.exports = {
  load,
  version: () => require('../../package.json').version,
  retriesItself: true,
  fillsFromRelay: true,
  async open(options) {
    const client = clientOf(options);
    return {
      getRecord: (soul) => client.getRecord(soul),
      remember: (soul) => client.getRecord(soul),
      close: () => client.close(),
    };
  },
  openCache(options) {
    const client = clientOf(options);
    return {
      fill: (souls) => client.getRecords(souls),
      getRecord: (soul) => client.getRecord(soul),
      hits: () => client.cacheStats().hits,
      size: () => client.cacheStats().size,
      // Takes as long as a call and changes nothing: shows whether a sweep delays callers.
      touch: () => client.invalidate('nothing has this soul'),
      close: () => client.close(),
    };
  },
  clientOf,
};
