'use strict';

// A soul that is known to be missing, asked for again. All clients answer with a promise, because getRecord does;
// beside it stands what the plain lookup costs a table that lives in JavaScript.

const { souls } = require('../record');

// A lookup takes less time than reading the clock: each sample is this many of them.
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
  // Equal strings, not the same ones: a caller has its soul from another record.
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
    for (const soul of known) if (!client.has(soul)) throw new Error(`${soul} was forgotten`);
  }, timeMs);
  await client.close();
  return { nsPerHit: answered.p50Ns, nsPerHitP99: answered.p99Ns, ...(plain && { nsPerPlainHit: plain.p50Ns }), requests };
};
