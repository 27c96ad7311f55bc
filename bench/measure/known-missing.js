'use strict';

// A soul that is cached as missing, requested again. All clients return a promise, because getRecord does; the plain lookup of
// JavaScript tables is shown as well.

const { souls } = require('../record');

// A lookup is faster than reading the clock, so each sample has this many.
const LOOKUPS = 1000;

async function nsPerLookup(name, lookups, timeMs) {
  const { Bench } = await import('tinybench');
  const bench = new Bench({ time: timeMs, warmupTime: timeMs / 2 });
  bench.add(name, lookups);
  const [task] = await bench.run();
  if (task.result.state === 'errored') throw task.result.error;
  const { p50, p99 } = task.result.latency;
  return { p50Ns: (p50 * 1e6) / LOOKUPS, p99Ns: (p99 * 1e6) / LOOKUPS };
}

module.exports = async function measureKnownMissing({ adapter, params, relay }) {
  const { behaviour, timeMs } = params;
  const client = await adapter.open({
    relayUrl: relay.url(behaviour),
    cache: { capacity: 10_000, ttlMs: 3_600_000 },
  });
  for (const soul of souls(LOOKUPS)) await client.remember(soul);
  // Equal but not identical strings: a caller's soul comes from another record.
  const known = souls(LOOKUPS);

  const before = await relay.requests();
  const answered = await nsPerLookup('await getRecord', async () => {
    for (const soul of known) {
      if ((await client.getRecord(soul)) !== null) throw new Error(`${soul} is missing`);
    }
  }, timeMs);
  const requests = (await relay.requests()) - before;
  if (requests !== 0) throw new Error(`known missing souls were asked for again, ${requests} times`);

  const plain = client.has && await nsPerLookup('has', () => {
    for (const soul of known) if (!client.has(soul)) throw new Error(`${soul} is no longer cached`);
  }, timeMs);
  await client.close();
  return { nsPerHit: answered.p50Ns, nsPerHitP99: answered.p99Ns, ...(plain && { nsPerPlainHit: plain.p50Ns }), requests };
};
