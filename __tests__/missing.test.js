'use strict';

const { missing, record, status } = require('./helpers/answers');
const { setup } = require('./helpers/setup');

test('a soul that the relay does not have is null, and asked for once', async () => {
  const { relay, client } = await setup({ a: missing() });
  for (let call = 0; call < 3; call += 1) {
    expect(await client.getRecord('a')).toBeNull();
  }
  expect(relay.requests).toHaveLength(1);
  expect(client.cacheStats()).toMatchObject({ hits: 2, total: 3, size: 1, inserts: 1 });
});

test('each soul is remembered by itself', async () => {
  const { relay, client } = await setup({ a: missing(), b: record({ n: 1 }) });
  expect(await client.getRecord('a')).toBeNull();
  expect(await client.getRecord('b')).toEqual({ n: 1 });
  expect(await client.getRecord('A')).toBeNull();
  expect(relay.souls).toEqual(['a', 'b', 'A']);
});

test('"success": false is null and not remembered', async () => {
  const { relay, client } = await setup({ a: [status(200, {}, '{"success":false,"error":"no"}'), record({ n: 1 })] });
  expect(await client.getRecord('a')).toBeNull();
  expect(client.cacheStats().size).toBe(0);
  expect(await client.getRecord('a')).toEqual({ n: 1 });
  expect(relay.requests).toHaveLength(2);
});

test('two clients remember apart', async () => {
  const one = await setup({ a: missing() });
  const other = await setup({ a: record({ n: 1 }) });
  expect(await one.client.getRecord('a')).toBeNull();
  expect(await other.client.getRecord('a')).toEqual({ n: 1 });
});
