'use strict';

const { record, status } = require('./helpers/answers');
const { runNode } = require('./helpers/child');
const { failureOf, setup } = require('./helpers/setup');

test('a closed client takes no calls', async () => {
  const { relay, client } = await setup();
  await client.getRecord('gone');
  await client.close();
  for (const soul of ['a', 'gone']) {
    expect(await failureOf(client.getRecord(soul))).toMatchObject({ code: 'ERR_GUN_CLOSED', soul, attempts: 0, retryable: false });
  }
  expect((await failureOf(client.getRecord('a', { fresh: true }))).code).toBe('ERR_GUN_CLOSED');
  expect(relay.souls).toEqual(['gone']);
});

test('no call gets in once close has been called', async () => {
  const { client } = await setup();
  const closed = client.close();
  expect((await failureOf(client.getRecord('a'))).code).toBe('ERR_GUN_CLOSED');
  await closed;
});

test('calls in flight settle first', async () => {
  const { relay, client } = await setup({ a: record({ n: 1 }), b: status(400) }, { maxInFlight: 2 });
  const gate = relay.hold();
  const order = [];
  // Calls may settle in one turn, so the order is recorded by the first reaction to each promise, not by a later one.
  const noted = (soul) => (outcome) => order.push(soul) && outcome;
  const calls = ['a', 'b', 'queued'].map((soul) => client.getRecord(soul).then(noted(soul), noted(soul)));
  await gate.reached(2);
  const closed = client.close().then(() => order.push('closed'));
  gate.open();
  const [a, b, queued] = await Promise.all(calls);
  await closed;
  expect(a).toEqual({ n: 1 });
  expect(b.code).toBe('ERR_GUN_STATUS');
  expect(queued).toBeNull();
  expect(order.at(-1)).toBe('closed');
});

test('a retry is still made', async () => {
  const { relay, client } = await setup({ a: [status(503), record({ n: 1 })] });
  const gate = relay.hold(1);
  const call = client.getRecord('a');
  await gate.reached();
  const closed = client.close();
  gate.open();
  expect(await call).toEqual({ n: 1 });
  await closed;
});

describe('a call that follows references', () => {
  const to = (soul) => ({ '#': soul });
  const levels = { a: record({ b: to('b') }), b: record({ c: to('c') }), c: record({ n: 1 }) };

  test('settles with all its levels, and no new call gets in meanwhile', async () => {
    const { relay, client } = await setup(levels);
    const gate = relay.hold(1);
    const call = client.getRecord('a', { resolveRefs: 8 });
    await gate.reached();
    let isClosed = false;
    const closed = client.close().then(() => {
      isClosed = true;
    });
    for (const refused of [client.getRecord('x'), client.getRecord('x', { fresh: true }), client.getRecordText('x'), client.getRecord('x', { resolveRefs: 1 })]) {
      expect(await failureOf(refused)).toMatchObject({ code: 'ERR_GUN_CLOSED', soul: 'x', attempts: 0, retryable: false });
    }
    expect((await failureOf(client.getRecords(['x']))).code).toBe('ERR_GUN_CLOSED');
    expect(isClosed).toBe(false);
    gate.open();
    expect(await call).toEqual({ b: { c: { n: 1 } } });
    await closed;
    expect(relay.souls).toEqual(['a', 'b', 'c']);
    expect(await failureOf(client.getRecord('x'))).toMatchObject({ code: 'ERR_GUN_CLOSED', message: `the client of relay ${relay.url} is closed` });
  });

  test('in a batch too, and beside other calls', async () => {
    const { relay, client } = await setup({ ...levels, plain: record({ n: 2 }) });
    const gate = relay.hold(2);
    const calls = [client.getRecords(['a', 'gone'], { resolveRefs: 8 }), client.getRecord('plain')];
    await gate.reached(2);
    const closings = [client.close(), client.close()];
    expect(closings[0]).toBe(closings[1]);
    gate.open();
    expect(await Promise.all(calls)).toEqual([[{ b: { c: { n: 1 } } }, null], { n: 2 }]);
    await closings[0];
    await relay.hasNoSockets();
  });

  test('holds closing up no longer once it was aborted or has failed', async () => {
    const { relay, client } = await setup({ ...levels, c: status(400) });
    const gate = relay.hold(1);
    const controller = new AbortController();
    const aborted = client.getRecord('a', { resolveRefs: 8, signal: controller.signal }).catch((reason) => reason);
    const failing = failureOf(client.getRecord('a', { resolveRefs: 8 }));
    await gate.reached();
    const closed = client.close();
    controller.abort('gone');
    expect(await aborted).toBe('gone');
    gate.open();
    expect((await failing).code).toBe('ERR_GUN_STATUS');
    await closed;
  });
});

test('then its sockets are gone', async () => {
  const { relay, client } = await setup({}, { maxInFlight: 5 });
  relay.keepIdleFor(60_000);
  await client.getRecords([...'abcdefghij']);
  expect(relay.sockets.size).toBeGreaterThan(0);
  await client.close();
  await relay.hasNoSockets();
});

test('closing again is as good as once', async () => {
  const { relay, client } = await setup({ a: record({ n: 1 }) });
  const gate = relay.hold();
  const call = client.getRecord('a');
  await gate.reached();
  const closings = [client.close(), client.close()];
  gate.open();
  expect(await call).toEqual({ n: 1 });
  expect(await Promise.all([...closings, client.close()])).toEqual([undefined, undefined, undefined]);
});

test('a client that was never used closes', async () => {
  const { client } = await setup();
  expect(await client.close()).toBeUndefined();
});

test('closing one client does not affect the others', async () => {
  const { client } = await setup();
  const other = await setup({ a: record({ n: 1 }) });
  await client.close();
  expect(await other.client.getRecord('a')).toEqual({ n: 1 });
});

test('await using closes', async () => {
  const { client } = await setup();
  await client[Symbol.asyncDispose]();
  expect((await failureOf(client.getRecord('a'))).code).toBe('ERR_GUN_CLOSED');
});

test('an aborted call holds closing up no longer', async () => {
  const { relay, client } = await setup();
  const controller = new AbortController();
  const gate = relay.hold();
  const call = client.getRecord('a', { signal: controller.signal }).catch((reason) => reason);
  await gate.reached();
  const closed = client.close();
  controller.abort('gone');
  expect(await call).toBe('gone');
  await closed;
});

test.each([1, 61, 64, 119])('closing the only client always ends, with %i calls in flight and as many connections', async (calls) => {
  // In a process of its own: the network thread stops with the process's last client.
  const source = `
    const { GunClient } = require('.');
    const { startRelay } = require('./__tests__/helpers/relay');
    (async () => {
      const relay = await startRelay();
      for (let round = 0; round < 30; round += 1) {
        const client = new GunClient({ relayUrl: relay.url, logger: false, cache: { capacity: 0 } });
        const souls = Array.from({ length: ${calls} }, (_, soul) => String(soul));
        const gate = relay.hold(souls.length);
        const answers = souls.map((soul) => client.getRecord(soul));
        await gate.reached(souls.length);
        if (round % 2 === 0) gate.open();
        const closed = client.close();
        gate.open();
        await closed;
        await Promise.all(answers);
      }
      await relay.close();
      console.log('closed');
    })();`;
  const { code, stdout, stderr } = await runNode(source);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'closed\n', stderr: '' });
}, 30_000);
