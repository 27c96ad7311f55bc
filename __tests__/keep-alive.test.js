'use strict';

const { record, status } = require('./helpers/answers');
const { failureOf, setup } = require('./helpers/setup');

test('requests one after the other share a connection', async () => {
  const { relay, client } = await setup({ a: record({}), fails: status(400, {}, 'x'.repeat(1_000)) });
  for (let call = 0; call < 10; call += 1) {
    await client.getRecord('a');
    await client.getRecord(`missing ${call}`);
    await failureOf(client.getRecord('fails'));
  }
  expect(relay.requests).toHaveLength(30);
  expect(relay.connections).toBe(1);
});

test('requests at the same time have as many connections as they need', async () => {
  const { relay, client } = await setup({}, { maxInFlight: 5 });
  const gate = relay.hold(5);
  const call = client.getRecords([...'abcdefghij']);
  await gate.reached(5);
  gate.open();
  await call;
  expect(relay.connections).toBe(5);
});

test('the client closes a connection that was idle for 4 s, and not before', async () => {
  const { relay, client } = await setup({ a: record({}) });
  relay.keepIdleFor(60_000); // so that only the client can have closed it
  await client.getRecord('a');
  const since = performance.now();
  await relay.hasNoSockets();
  expect(performance.now() - since).toBeGreaterThan(3_900);
  await client.getRecord('a');
  expect(relay.connections).toBe(2);
}, 30_000);

test('connections that the relay closes while idle cost no failure', async () => {
  const { relay, client } = await setup({ a: record({ n: 1 }) }, { retries: 0 });
  for (let call = 0; call < 20; call += 1) {
    expect(await client.getRecord('a')).toEqual({ n: 1 });
    for (const socket of relay.sockets) socket.end();
    await relay.hasNoSockets();
  }
  expect(relay.requests).toHaveLength(20);
});

test('a relay that restarts is found again', async () => {
  const { relay, client } = await setup({ a: record({ n: 1 }) }, { retries: 0 });
  await client.getRecord('a');
  const { port } = new URL(relay.url);
  await relay.close();
  expect((await failureOf(client.getRecord('a'))).code).toBe('ERR_GUN_CONNECT');
  await relay.listen(port);
  expect(await client.getRecord('a')).toEqual({ n: 1 });
});
