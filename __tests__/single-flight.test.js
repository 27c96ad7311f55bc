'use strict';

const { missing, record, status } = require('./helpers/answers');
const { failureOf, newClient, setup } = require('./helpers/setup');

/** Ten callers that wait for one request. */
async function tenCallers(answer, options) {
  const { relay, client } = await setup({ a: answer }, options);
  const gate = relay.hold();
  const calls = Array.from({ length: 10 }, () => client.getRecord('a'));
  await gate.reached();
  gate.open();
  return { relay, client, calls };
}

test('callers that arrive while a request is active share its answer', async () => {
  const { relay, client, calls } = await tenCallers(record({ n: 1 }));
  expect(await Promise.all(calls)).toEqual(Array(10).fill({ n: 1 }));
  expect(relay.requests).toHaveLength(1);
  expect(client.cacheStats()).toMatchObject({ total: 10, requests: { sent: 1, coalesced: 9, found: 1 } });
});

test('each caller gets an object of its own', async () => {
  const { calls } = await tenCallers(record({ list: [1], data: '{"deep":[1]}' }));
  const records = await Promise.all(calls);
  expect(new Set(records).size).toBe(10);
  records[0].list.push(2);
  records[0].data.deep.push(2);
  records[0].more = true;
  for (const other of records.slice(1)) expect(other).toEqual({ list: [1], data: { deep: [1] } });
});

test('they share a missing answer, which counts once', async () => {
  const { relay, client, calls } = await tenCallers(missing());
  expect(await Promise.all(calls)).toEqual(Array(10).fill(null));
  expect(relay.requests).toHaveLength(1);
  expect(client.cacheStats()).toMatchObject({ hits: 0, inserts: 1, requests: { missing: 1, coalesced: 9 } });
});

test('they share a failure, which counts once, and each has its own error', async () => {
  const { relay, client, calls } = await tenCallers(status(503));
  const errors = await Promise.all(calls.map(failureOf));
  for (const error of errors) expect(error).toMatchObject({ code: 'ERR_GUN_STATUS', status: 503, attempts: 3 });
  expect(new Set(errors).size).toBe(10);
  expect(relay.requests).toHaveLength(3);
  expect(client.cacheStats().requests).toMatchObject({ sent: 3, coalesced: 9, failed: { ERR_GUN_STATUS: 1 } });
});

test('a caller that arrives between two attempts joins the request', async () => {
  const { relay, client } = await setup({ a: [status(503), record({ n: 1 })] }, { maxInFlight: 1 });
  const firstAttempt = relay.hold(1);
  const other = relay.hold(1);
  const first = client.getRecord('a');
  await firstAttempt.reached();
  const between = client.getRecord('b');
  firstAttempt.open();
  await other.reached(); // `b` has the only permit, so the first attempt is over and the second cannot start
  const second = client.getRecord('a');
  expect(client.cacheStats().requests).toMatchObject({ sent: 2, coalesced: 1 });
  other.open();
  expect(await Promise.all([first, second, between])).toEqual([{ n: 1 }, { n: 1 }, null]);
  expect(relay.souls).toEqual(['a', 'b', 'a']);
});

test('a record is not cached by default: the next call asks again', async () => {
  const { relay, client } = await setup({ a: [record({ n: 1 }), record({ n: 2 })] });
  expect(await client.getRecord('a')).toEqual({ n: 1 });
  expect(await client.getRecord('a')).toEqual({ n: 2 });
  expect(relay.requests).toHaveLength(2);
});

test('a failure is not cached: the next call asks again', async () => {
  const { relay, client } = await setup({ a: [status(400), record({ n: 1 })] });
  await failureOf(client.getRecord('a'));
  expect(await client.getRecord('a')).toEqual({ n: 1 });
  expect(relay.requests).toHaveLength(2);
});

test('single calls and batches share', async () => {
  const { relay, client } = await setup({ a: record({ n: 1 }) });
  const gate = relay.hold();
  const calls = [client.getRecord('a'), client.getRecords(['b', 'a'])];
  await gate.reached(2);
  gate.open();
  expect(await Promise.all(calls)).toEqual([{ n: 1 }, [null, { n: 1 }]]);
  expect(relay.requestsFor('a')).toBe(1);
});

test('clients do not share with each other', async () => {
  const { relay, client } = await setup({ a: record({ n: 1 }) });
  const other = newClient({ relayUrl: relay.url });
  const gate = relay.hold();
  const calls = [client.getRecord('a'), other.getRecord('a')];
  await gate.reached(2);
  gate.open();
  expect(await Promise.all(calls)).toEqual([{ n: 1 }, { n: 1 }]);
});
