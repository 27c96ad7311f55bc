'use strict';

const { missing, record, status } = require('./helpers/answers');
const { failureOf, setup } = require('./helpers/setup');

test('a fresh call asks the relay about a soul that is known to be missing', async () => {
  const { relay, client } = await setup({ a: [missing(), record({ n: 1 })] });
  await client.getRecord('a');
  expect(await client.getRecord('a', { fresh: true })).toEqual({ n: 1 });
  expect(relay.requestsFor('a')).toBe(2);
  expect(client.cacheStats()).toMatchObject({ hits: 0, total: 2 });
});

test('a record that is found drops the entry of its soul', async () => {
  const { relay, client } = await setup({ a: [missing(), record({ n: 1 })] });
  await client.getRecord('a');
  await client.getRecord('a', { fresh: true });
  expect(client.cacheStats().size).toBe(0);
  expect(await client.getRecord('a')).toEqual({ n: 1 });
  expect(relay.requestsFor('a')).toBe(3);
});

test('a soul that is still missing stays remembered', async () => {
  const { relay, client } = await setup({ a: missing() });
  await client.getRecord('a');
  expect(await client.getRecord('a', { fresh: true })).toBeNull();
  expect(await client.getRecord('a')).toBeNull();
  expect(relay.requestsFor('a')).toBe(2);
  expect(client.cacheStats()).toMatchObject({ size: 1, hits: 1, inserts: 1, invalidations: 0 });
});

test('a fresh call that fails leaves the entry as it was', async () => {
  const { relay, client } = await setup({ a: [missing(), status(400)] });
  await client.getRecord('a');
  expect((await failureOf(client.getRecord('a', { fresh: true }))).code).toBe('ERR_GUN_STATUS');
  expect(await client.getRecord('a')).toBeNull();
  expect(relay.requestsFor('a')).toBe(2);
});

test('a fresh call shares a request that is on the wire', async () => {
  const { relay, client } = await setup({ a: record({ n: 1 }) });
  const gate = relay.hold();
  const calls = [client.getRecord('a'), client.getRecord('a', { fresh: true })];
  await gate.reached();
  gate.open();
  expect(await Promise.all(calls)).toEqual([{ n: 1 }, { n: 1 }]);
  expect(relay.requestsFor('a')).toBe(1);
});

test('a whole batch can be fresh', async () => {
  const { relay, client } = await setup({ a: [missing(), record({ n: 1 })], b: missing() });
  await client.getRecords(['a', 'b']);
  expect(await client.getRecords(['a', 'b'], { fresh: true })).toEqual([{ n: 1 }, null]);
  expect(relay.requests).toHaveLength(4);
});

test.each([1, 'yes', null, {}])('fresh must be a boolean, not %p', async (fresh) => {
  const { relay, client } = await setup();
  const error = await failureOf(client.getRecord('a', { fresh }));
  expect(error).toMatchObject({ code: 'ERR_GUN_INVALID_ARGUMENT', message: expect.stringContaining('fresh') });
  expect(relay.requests).toHaveLength(0);
});
