'use strict';

const { missing, record, status } = require('./helpers/answers');
const { failureOf, setup, until } = require('./helpers/setup');

const HOUR = 3_600_000;

test('a hundred reads within its TTL are one request, and each caller has its own object', async () => {
  const { relay, client } = await setup({ a: record({ n: 1 }) }, { records: { ttlMs: HOUR } });
  const first = await client.getRecord('a');
  first.n = 2;
  for (let read = 1; read < 99; read += 1) expect(await client.getRecord('a')).toEqual({ n: 1 });
  expect(await client.getRecordText('a')).toBe('{"n":1}');
  expect(relay.requestsFor('a')).toBe(1);
  expect(client.cacheStats()).toMatchObject({ hits: 0, total: 100, records: { hits: 99, size: 1, stale: 0 } });
});

test('it is off unless its TTL says otherwise', async () => {
  const { relay, client } = await setup({ a: record({}) });
  await client.getRecord('a');
  await client.getRecord('a');
  expect(relay.requestsFor('a')).toBe(2);
  expect(client.cacheStats()).not.toHaveProperty('records');
});

test('invalidate removes a record, and so does an answer that it is missing', async () => {
  const { relay, client } = await setup({ a: [record({ n: 1 }), record({ n: 2 }), missing()] }, { records: { ttlMs: HOUR } });
  await client.getRecord('a');
  expect(client.invalidate('a')).toBe(false);
  expect(await client.getRecord('a')).toEqual({ n: 2 });
  expect(await client.getRecord('a', { fresh: true })).toBeNull();
  expect(await client.getRecord('a')).toBeNull();
  expect(relay.requestsFor('a')).toBe(3);
});

test('a failure is hidden by an expired record only if staleIfErrorMs asks for it', async () => {
  for (const staleIfErrorMs of [0, HOUR]) {
    const { relay, client } = await setup({ a: [record({ n: 1 }), status(503)], b: status(503) }, { retries: 0, records: { ttlMs: 1, staleIfErrorMs } });
    let outcome;
    await until(async () => {
      outcome = await client.getRecord('a').catch((error) => error);
      return relay.requestsFor('a') === 2; // the record has expired
    });
    if (staleIfErrorMs === 0) expect(outcome).toMatchObject({ code: 'ERR_GUN_STATUS', status: 503 });
    else expect(outcome).toEqual({ n: 1 });
    expect(client.cacheStats()).toMatchObject({ hits: 0, records: { stale: staleIfErrorMs === 0 ? 0 : 1 } });
    expect(await failureOf(client.getRecord('b'))).toMatchObject({ code: 'ERR_GUN_STATUS' });
  }
});
