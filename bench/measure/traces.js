'use strict';

// Hit rates on traces of requests, through the whole client. lru-cache is an exact LRU of the same capacity. The peers' table
// is in docs/performance.md (`cargo bench --bench traces`).

const { soulAt } = require('../record');
const { Random } = require('../../__tests__/helpers/random');

const CAPACITY = 500;
const REQUESTS = 20_000;
/** Souls of scans: never asked for again. */
const SCANNED = 1e6;

const loop = (size) => (step) => step % size;
const zipf = (random, size) => random.zipf(size, 0.9);

const TRACES = {
  'loop of half the capacity': () => loop(CAPACITY / 2),
  'the same after a scan': () => (step) => (step < 2 * CAPACITY ? SCANNED + step : loop(CAPACITY / 2)(step)),
  Zipf: (random) => zipf(random, 3 * CAPACITY),
  'Zipf, half scan': (random) => {
    const next = zipf(random, CAPACITY);
    return (step) => (random.chance(0.5) ? SCANNED + step : next());
  },
  drift: (random) => (step) => Math.floor(step / 20) + random.between(0, CAPACITY / 2),
  uniform: (random) => () => random.between(0, 3 * CAPACITY),
};

/** Requests each soul of a trace; the share of hits. */
async function hitRate(client, next) {
  let hits = 0;
  for (let step = 0; step < REQUESTS; step += 1) if (await client.isHit(soulAt(next(step)))) hits += 1;
  return hits / REQUESTS;
}

module.exports = async function measureTraces({ adapter, params, relay }) {
  const rates = {};
  for (const [name, traceOf] of Object.entries(TRACES)) {
    const cache = adapter.openCache({ relayUrl: relay.url(params.behaviour), cache: { capacity: CAPACITY, ttlMs: 3_600_000 } });
    const isHit = cache.isHit ?? (async (soul) => {
      const before = cache.hits();
      if ((await cache.getRecord(soul)) !== null) throw new Error(`${soul} is missing`);
      return cache.hits() > before;
    });
    rates[name] = await hitRate({ isHit }, traceOf(new Random(name)));
    await cache.close();
  }
  const points = Object.values(rates).map((rate) => 100 * rate);
  return { rates, hitPercent: points.reduce((sum, rate) => sum + rate) / points.length };
};
