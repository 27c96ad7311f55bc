'use strict';

const { json, missing, record, reset, stall, status, truncated } = require('./helpers/answers');
const { failureOf, setup } = require('./helpers/setup');

test('a transient failure is retried until the record comes', async () => {
  const { relay, client } = await setup({ a: [status(503), status(500), record({ n: 1 })] });
  expect(await client.getRecord('a')).toEqual({ n: 1 });
  expect(relay.requests).toHaveLength(3);
  expect(client.cacheStats().requests).toMatchObject({ sent: 3, retried: 2, found: 1, failed: {} });
});

test('a soul that is missing at the second attempt is missing', async () => {
  const { relay, client } = await setup({ a: [status(503), missing()] });
  expect(await client.getRecord('a')).toBeNull();
  expect(await client.getRecord('a')).toBeNull();
  expect(relay.requests).toHaveLength(2);
});

test('every kind of transient failure counts as one attempt', async () => {
  const mixed = [reset(), status(429), truncated('{}'), json('{"success"'), stall(), record({ n: 1 })];
  const { relay, client } = await setup({ a: mixed }, { retries: 5, attemptTimeoutMs: 100 });
  expect(await client.getRecord('a')).toEqual({ n: 1 });
  expect(relay.requests).toHaveLength(6);
});

test('a failure that is not transient ends the call at whatever attempt', async () => {
  const { relay, client } = await setup({ a: [status(503), status(400), record({ n: 1 })] });
  expect(await failureOf(client.getRecord('a'))).toMatchObject({ code: 'ERR_GUN_STATUS', status: 400, attempts: 2 });
  expect(relay.requests).toHaveLength(2);
});

test('the last failure is the one that is told', async () => {
  const { client } = await setup({ a: [reset(), status(502), status(504)] });
  expect(await failureOf(client.getRecord('a'))).toMatchObject({ code: 'ERR_GUN_STATUS', status: 504, attempts: 3 });
});

test.each([0, 1, 5])('retries: %i', async (retries) => {
  const { relay, client } = await setup({ a: status(503) }, { retries });
  expect((await failureOf(client.getRecord('a'))).attempts).toBe(retries + 1);
  expect(relay.requests).toHaveLength(retries + 1);
  expect(client.cacheStats().requests).toMatchObject({ sent: retries + 1, retried: retries });
});

test('backoff.maxMs bounds every delay', async () => {
  const { client } = await setup({ a: status(503) }, { retries: 20, backoff: { baseMs: 60_000, maxMs: 5 } });
  const begun = performance.now();
  await failureOf(client.getRecord('a'));
  expect(performance.now() - begun).toBeLessThan(3_000);
});

test('delays are drawn anew: no two of many are alike', async () => {
  const { relay, client } = await setup(() => status(503), { retries: 1, backoff: { baseMs: 200, maxMs: 200 } });
  const souls = Array.from({ length: 20 }, (_, soul) => `soul ${soul}`);
  await client.getRecords(souls);
  const delays = souls.map((soul) => {
    const [first, second] = relay.requests.filter((request) => request.soul === soul);
    return second.at - first.at;
  });
  // Full jitter: from 0 to 200 ms. That all of 20 lie within one half has a chance of 2 in a million.
  expect(Math.min(...delays)).toBeLessThan(100);
  expect(Math.max(...delays)).toBeGreaterThan(100);
});
