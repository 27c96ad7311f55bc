'use strict';

const { missing, record, status } = require('./helpers/answers');
const { failureOf, setup } = require('./helpers/setup');

const WAYS = [
  ['invalidate', (client) => client.invalidate('a')],
  ['invalidateAll', (client) => client.invalidateAll()],
];

/** A request for `a` that stands on the wire while the soul is put and invalidated. */
async function putMeanwhile(answers, forget) {
  const { relay, client } = await setup({ a: answers });
  const gate = relay.hold(1);
  const before = client.getRecord('a');
  await gate.reached();
  forget(client);
  return { relay, client, gate, before };
}

describe.each(WAYS)('%s, with a request on the wire', (_name, forget) => {
  test('a later caller reads what was put, in a request of its own', async () => {
    const { relay, client, gate, before } = await putMeanwhile([missing(), record({ n: 1 })], forget);
    expect(await client.getRecord('a')).toEqual({ n: 1 });
    gate.open();
    expect(await before).toBeNull();
    expect(relay.requests).toHaveLength(2);
  });

  test('a 404 that began before is not remembered', async () => {
    const { relay, client, gate, before } = await putMeanwhile([missing(), record({ n: 1 })], forget);
    gate.open();
    expect(await before).toBeNull();
    expect(client.cacheStats()).toMatchObject({ size: 0, requests: { missing: 1 } });
    expect(await client.getRecord('a')).toEqual({ n: 1 });
    expect(relay.requests).toHaveLength(2);
  });

  test('a record that began before is not given to a later caller', async () => {
    const { client, gate, before } = await putMeanwhile([record({ n: 'old' }), record({ n: 'new' })], forget);
    const after = client.getRecord('a');
    gate.open();
    expect(await Promise.all([before, after])).toEqual([{ n: 'old' }, { n: 'new' }]);
  });

  test('a failure that began before is not given to a later caller', async () => {
    const { client, gate, before } = await putMeanwhile([status(400), record({ n: 1 })], forget);
    const [, after] = await Promise.all([failureOf(before), client.getRecord('a'), gate.open()]);
    expect(after).toEqual({ n: 1 });
  });

  test('later callers share one request', async () => {
    const { relay, client, gate, before } = await putMeanwhile([missing(), record({ n: 1 })], forget);
    const later = relay.hold();
    const calls = Array.from({ length: 5 }, () => client.getRecord('a'));
    await later.reached();
    gate.open();
    expect(await before).toBeNull();
    later.open();
    expect(await Promise.all(calls)).toEqual(Array(5).fill({ n: 1 }));
    expect(relay.requests).toHaveLength(2);
  });

  test('a retry of a request that began before is not remembered either', async () => {
    const { relay, client } = await setup({ a: [status(503), missing(), record({ n: 1 })] });
    const gate = relay.hold(1);
    const before = client.getRecord('a');
    await gate.reached();
    forget(client);
    gate.open();
    expect(await before).toBeNull();
    expect(client.cacheStats().size).toBe(0);
    expect(await client.getRecord('a')).toEqual({ n: 1 });
  });
});

test('a soul read as missing, put, then invalidated reads as found', async () => {
  const { relay, client } = await setup({ a: [missing(), missing(), record({ n: 1 })] });
  expect(await client.getRecord('a')).toBeNull();
  const gate = relay.hold(1);
  const stale = client.getRecord('a', { fresh: true });
  await gate.reached();
  expect(client.invalidate('a')).toBe(true);
  expect(await client.getRecord('a')).toEqual({ n: 1 });
  gate.open();
  expect(await stale).toBeNull();
  expect(client.cacheStats().size).toBe(0);
  expect(relay.requests).toHaveLength(3);
});

test('a request that began after it is remembered', async () => {
  const { relay, client } = await setup({ a: missing() });
  const gate = relay.hold(1);
  const before = client.getRecord('a');
  await gate.reached();
  client.invalidate('a');
  expect(await client.getRecord('a')).toBeNull();
  gate.open();
  await before;
  expect(await client.getRecord('a')).toBeNull();
  expect(relay.requests).toHaveLength(2);
});

test('a request for another soul is remembered all the same', async () => {
  const { relay, client } = await setup({ b: missing() });
  const gate = relay.hold();
  const call = client.getRecord('b');
  await gate.reached();
  client.invalidate('a');
  gate.open();
  await call;
  expect(await client.getRecord('b')).toBeNull();
  expect(relay.requests).toHaveLength(1);
});

test('hundreds of puts while requests run leave no stale answer', async () => {
  let version = 0;
  const { relay, client } = await setup(() => record({ version }));
  const reads = [];
  for (let put = 0; put < 300; put += 1) {
    version += 1;
    client.invalidate('a');
    const atLeast = version;
    reads.push(client.getRecord('a').then((read) => ({ atLeast, read: read.version })));
    if (put % 7 === 0) await relay.hasRequests(reads.length / 2);
  }
  for (const { atLeast, read } of await Promise.all(reads)) expect(read).toBeGreaterThanOrEqual(atLeast);
});
