'use strict';

// gun-native with its defaults, without its log lines.

const load = () => require('../..');

const OPTIONS = ['relayUrl', 'retries', 'backoff', 'retryBudget', 'breaker', 'cache', 'sweepEveryMs', 'maxInFlight', 'maxQueue'];

function clientOf({ onLog, ...given }) {
  const { GunClient } = load();
  const options = Object.fromEntries(OPTIONS.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]));
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
