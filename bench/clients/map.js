'use strict';

// The JavaScript helper's cache of missing souls: a Map from soul to time, swept by iterating it. It does not check the age of
// an entry when it reads one.

function table({ cache: { ttlMs } }) {
  const missing = new Map();
  return {
    remember: (soul) => missing.set(soul, Date.now()),
    has: (soul) => missing.has(soul),
    async getRecord(soul) {
      if (missing.has(soul)) return null;
      throw new Error(`${soul} is no longer cached`);
    },
    fill(souls) {
      for (const soul of souls) missing.set(soul, Date.now());
      return souls.map(() => null);
    },
    size: () => missing.size,
    sweep() {
      const eldest = Date.now() - ttlMs;
      for (const [soul, since] of missing) if (since <= eldest) missing.delete(soul);
    },
    close() {},
  };
}

module.exports = {
  load() {},
  version: () => `of Node ${process.version}`,
  open: async (options) => table(options),
  openCache: table,
};
