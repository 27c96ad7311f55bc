'use strict';

// lru-cache with a ttl: the negative cache that a JavaScript program would use, with the same guarantees as
// gun-native's (a capacity, an age that is checked on every read, a sweep).

const installedVersion = require('./version');

const load = () => require('lru-cache');

function table({ cache: { capacity, ttlMs } }) {
  const { LRUCache } = load();
  const missing = new LRUCache({ max: capacity, ttl: ttlMs });
  return {
    remember: (soul) => missing.set(soul, true),
    has: (soul) => missing.get(soul) === true,
    async getRecord(soul) {
      if (missing.get(soul) === true) return null;
      throw new Error(`${soul} is no longer cached`);
    },
    fill(souls) {
      for (const soul of souls) missing.set(soul, true);
      return souls.map(() => null);
    },
    isHit(soul) {
      if (missing.get(soul) === true) return true;
      missing.set(soul, true);
      return false;
    },
    size: () => missing.size,
    sweep: () => missing.purgeStale(),
    close() {},
  };
}

module.exports = {
  load,
  version: () => installedVersion('lru-cache'),
  open: async (options) => table(options),
  openCache: table,
};
