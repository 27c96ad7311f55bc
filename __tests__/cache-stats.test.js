'use strict';

const { missing, missingAfter, record, status } = require('./helpers/answers');
const { failureOf, rejectionOf, setup } = require('./helpers/setup');

const AT_FIRST = {
  hits: 0,
  total: 0,
  hitRate: 0,
  size: 0,
  capacity: 10_000,
  ttlMs: 3_600_000,
  inserts: 0,
  evictions: 0,
  expirations: 0,
  invalidations: 0,
  requests: {
    sent: 0,
    coalesced: 0,
    retried: 0,
    inFlight: 0,
    queued: 0,
    found: 0,
    missing: 0,
    failed: {},
    p50: 0,
    p90: 0,
    p99: 0,
    refreshed: 0,
  },
  breaker: { state: 'closed', sinceMs: expect.any(Number), lastError: null },
};

test('a new client has counted nothing', async () => {
  const { client } = await setup();
  expect(client.cacheStats()).toEqual(AT_FIRST);
});

test('every outcome is counted once', async () => {
  const { client } = await setup({ found: record({}), bad: status(400), down: status(503) });
  await client.getRecord('found');
  await client.getRecord('gone');
  await client.getRecord('gone');
  await failureOf(client.getRecord('bad'));
  await failureOf(client.getRecord('down'));
  const quantiles = { p50: expect.any(Number), p90: expect.any(Number), p99: expect.any(Number) };
  const failed = { ERR_GUN_STATUS: 2 };
  expect(client.cacheStats()).toEqual({
    ...AT_FIRST,
    hits: 1,
    total: 5,
    hitRate: 0.2,
    size: 1,
    inserts: 1,
    breaker: { ...AT_FIRST.breaker, lastError: 'it answered 503' },
    requests: { ...AT_FIRST.requests, ...quantiles, sent: 6, retried: 2, found: 1, missing: 1, failed },
  });
});

test('requests on the wire and in the queue show while they are there', async () => {
  const { relay, client } = await setup({}, { maxInFlight: 2 });
  const gate = relay.hold();
  const call = client.getRecords(['a', 'b', 'c', 'd', 'e']);
  await gate.reached(2);
  expect(client.cacheStats()).toMatchObject({ total: 5, requests: { sent: 2, inFlight: 2, queued: 3 } });
  gate.open();
  await call;
  expect(client.cacheStats().requests).toMatchObject({ sent: 5, inFlight: 0, queued: 0, missing: 5 });
});

test('a call counts in total when it begins', async () => {
  const { relay, client } = await setup();
  const gate = relay.hold();
  const call = client.getRecord('a');
  expect(client.cacheStats().total).toBe(1);
  await gate.reached();
  gate.open();
  await call;
  expect(client.cacheStats().total).toBe(1);
});

test('calls that never began count nowhere', async () => {
  const { client } = await setup();
  await failureOf(client.getRecord(5));
  await failureOf(client.getRecord('a', { timeoutMs: 0 }));
  await rejectionOf(client.getRecord('a', { signal: AbortSignal.abort() }));
  await client.getRecords([5, '']);
  await failureOf(client.getRecords('a'));
  await client.close();
  await failureOf(client.getRecord('a'));
  expect(client.cacheStats()).toEqual(AT_FIRST);
});

test('every snapshot is an object of its own', async () => {
  const { client } = await setup();
  const before = client.cacheStats();
  before.requests.failed.ERR_GUN_STATUS = 9;
  before.requests.sent = 9;
  before.hits = 9;
  expect(client.cacheStats()).toEqual(AT_FIRST);
  const earlier = client.cacheStats();
  await client.getRecord('a');
  expect(earlier).toEqual(AT_FIRST);
});

test('the hit rate is hits by calls', async () => {
  const { client } = await setup();
  for (let call = 0; call < 3; call += 1) await client.getRecord('a');
  expect(client.cacheStats()).toMatchObject({ hits: 2, total: 3, hitRate: 2 / 3 });
});

test('counts go down with nothing that is forgotten', async () => {
  const { client } = await setup({ a: missing() }, { cache: { capacity: 2 } });
  for (const soul of ['a', 'b', 'c', 'd']) await client.getRecord(soul);
  const before = client.cacheStats();
  client.invalidateAll();
  const { inserts, evictions, expirations, invalidations, size } = client.cacheStats();
  expect([inserts, evictions]).toEqual([before.inserts, before.evictions]);
  expect(size).toBe(inserts - evictions - expirations - invalidations);
});

test('latencies are those of attempts, in milliseconds, the slow ones in the high quantiles', async () => {
  const { client } = await setup((soul) => (soul === 'slow' ? missingAfter(120) : missing()));
  await client.getRecords(Array.from({ length: 40 }, (_, index) => `quick ${index}`));
  await client.getRecord('slow');
  const { p50, p90, p99 } = client.cacheStats().requests;
  expect(p50).toBeGreaterThan(0);
  expect(p50).toBeLessThanOrEqual(p90);
  expect(p90).toBeLessThanOrEqual(p99);
  expect(p99).toBeGreaterThan(100);
});

test('stats can be read after close', async () => {
  const { client } = await setup();
  await client.getRecord('a');
  await client.close();
  expect(client.cacheStats()).toMatchObject({ total: 1, requests: { missing: 1 } });
});
