'use strict';

// What the JavaScript helper remembers missing souls in: a Map from soul to the time, swept by walking it. It does not
// look at the age of an entry when it reads one.

function table({ cache: { ttlMs } }) {
  const missing = new Map();
  return {
    remember: (soul) => missing.set(soul, Date.now()),
    has: (soul) => missing.has(soul),
    async getRecord(soul) {
      if (missing.has(soul)) return null;
      throw new Error(`${soul} was forgotten`);
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
