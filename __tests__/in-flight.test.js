'use strict';

const { record, status } = require('./helpers/answers');
const { failureOf, setup } = require('./helpers/setup');

test('no more than maxInFlight requests are on the wire', async () => {
  const { relay, client } = await setup({}, { maxInFlight: 3 });
  const gate = relay.hold();
  const calls = client.getRecords([...'abcdefghij']);
  await gate.reached(3);
  expect(client.cacheStats().requests).toMatchObject({ sent: 3, inFlight: 3, queued: 7 });
  gate.open();
  await calls;
  expect(relay.mostInProgress).toBe(3);
  expect(client.cacheStats().requests).toMatchObject({ sent: 10, inFlight: 0, queued: 0 });
});

test('the rest wait in order', async () => {
  const { relay, client } = await setup({}, { maxInFlight: 1 });
  const souls = Array.from({ length: 50 }, (_, number) => `soul ${number}`);
  await Promise.all(souls.map((soul) => client.getRecord(soul)));
  expect(relay.souls).toEqual(souls);
  expect(relay.mostInProgress).toBe(1);
});

test('one more than maxQueue is ERR_GUN_OVERLOADED at once', async () => {
  const { relay, client } = await setup({}, { maxInFlight: 1, maxQueue: 2 });
  const gate = relay.hold();
  const calls = [...'abc'].map((soul) => client.getRecord(soul));
  const error = await failureOf(client.getRecord('d')); // while the relay holds the first
  expect(error).toMatchObject({ code: 'ERR_GUN_OVERLOADED', soul: 'd', attempts: 0, retryable: true });
  expect(client.cacheStats().requests.failed).toEqual({ ERR_GUN_OVERLOADED: 1 });
  gate.open();
  expect(await Promise.all(calls)).toEqual([null, null, null]);
  expect(relay.souls).toEqual(['a', 'b', 'c']);
});

test('with a maxQueue of 0 no single call waits', async () => {
  const { relay, client } = await setup({}, { maxInFlight: 2, maxQueue: 0 });
  const gate = relay.hold();
  const calls = [...'abcd'].map((soul) => client.getRecord(soul).catch(({ code }) => code));
  await gate.reached(2);
  gate.open();
  expect(await Promise.all(calls)).toEqual([null, null, 'ERR_GUN_OVERLOADED', 'ERR_GUN_OVERLOADED']);
});

test('a batch of any size feeds the wire as permits become free', async () => {
  const { relay, client } = await setup({}, { maxInFlight: 2, maxQueue: 0 });
  const souls = Array.from({ length: 100 }, (_, n) => `soul ${n}`);
  expect(await client.getRecords(souls)).toEqual(souls.map(() => null));
  expect(relay.souls.sort()).toEqual(souls.sort());
});

test('known-missing answers and shared requests need no place in the queue', async () => {
  const { relay, client } = await setup({}, { maxInFlight: 1, maxQueue: 0 });
  await client.getRecord('gone');
  const gate = relay.hold();
  const calls = [client.getRecord('a'), client.getRecord('a')];
  await gate.reached();
  expect(await client.getRecord('gone')).toBeNull();
  gate.open();
  expect(await Promise.all(calls)).toEqual([null, null]);
});

test('after an overload the client still works', async () => {
  const { relay, client } = await setup({ a: record({ n: 1 }) }, { maxInFlight: 1, maxQueue: 0 });
  const gate = relay.hold(1);
  const first = client.getRecord('b');
  await failureOf(client.getRecord('a'));
  await gate.reached();
  gate.open();
  await first;
  expect(await client.getRecord('a')).toEqual({ n: 1 });
});

test('a request that waits for its retry holds no place on the wire', async () => {
  const later = status(503, { 'retry-after': '1' });
  const { relay, client } = await setup({ a: [later, record({ n: 1 })], b: record({ n: 2 }) }, { maxInFlight: 1 });
  const first = client.getRecord('a');
  await relay.hasRequests(1);
  expect(await client.getRecord('b')).toEqual({ n: 2 });
  expect(await first).toEqual({ n: 1 });
  expect(relay.souls).toEqual(['a', 'b', 'a']);
});
