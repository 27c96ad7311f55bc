'use strict';

const { missing, record, stall, status } = require('./helpers/answers');
const { failureOf, rejectionOf, setup } = require('./helpers/setup');

test('one answer per soul, in order', async () => {
  const { relay, client } = await setup({ a: record({ n: 1 }), b: missing(), c: status(400), d: record({ n: 4 }) });
  const [a, b, c, d] = await client.getRecords(['a', 'b', 'c', 'd']);
  expect([a, b, d]).toEqual([{ n: 1 }, null, { n: 4 }]);
  expect(c).toBeInstanceOf(require('..').GunError);
  expect(c).toMatchObject({ code: 'ERR_GUN_STATUS', status: 400, soul: 'c' });
  expect(relay.requests).toHaveLength(4);
});

test('order is that of the souls, not of the answers', async () => {
  const { relay, client } = await setup((soul) => record({ soul }));
  const slow = relay.hold(1);
  const call = client.getRecords(['first', 'second', 'third']);
  await relay.hasRequests(3);
  slow.open();
  expect(await call).toEqual([{ soul: 'first' }, { soul: 'second' }, { soul: 'third' }]);
});

test('duplicates are fetched once and are objects of their own', async () => {
  const { relay, client } = await setup({ a: record({ list: [] }) });
  const [one, gone, other, goneToo] = await client.getRecords(['a', 'gone', 'a', 'gone']);
  expect([gone, goneToo]).toEqual([null, null]);
  one.list.push(1);
  expect(other).toEqual({ list: [] });
  expect(relay.souls).toEqual(['a', 'gone']);
  expect(client.cacheStats()).toMatchObject({ total: 4, requests: { sent: 2 } });
});

test('known-missing souls in a batch are answered from the cache', async () => {
  const { relay, client } = await setup({ b: record({ n: 1 }) });
  await client.getRecord('a');
  expect(await client.getRecords(['a', 'b', 'a'])).toEqual([null, { n: 1 }, null]);
  expect(relay.souls).toEqual(['a', 'b']);
  expect(client.cacheStats()).toMatchObject({ hits: 2, total: 4 });
});

test('an array behind a proxy is an array', async () => {
  const { client } = await setup({ a: record({ n: 1 }) });
  expect(await client.getRecords(new Proxy(['a', 'gone'], {}))).toEqual([{ n: 1 }, null]);
});

test('a bad soul is its own error in its place', async () => {
  const { relay, client } = await setup({ a: record({ n: 1 }) });
  // eslint-disable-next-line no-sparse-arrays -- a hole reads as undefined
  const bad = [5, '', null, undefined, {}, '\udc00', 'x'.repeat(4_097), Symbol('s'), () => {}, , new String('a')];
  const answers = await client.getRecords(['a', ...bad, 'a']);
  expect(answers).toHaveLength(bad.length + 2);
  expect([answers.at(0), answers.at(-1)]).toEqual([{ n: 1 }, { n: 1 }]);
  for (const error of answers.slice(1, -1)) {
    expect(error).toMatchObject({ name: 'GunError', code: 'ERR_GUN_INVALID_ARGUMENT', attempts: 0 });
  }
  expect(relay.requests).toHaveLength(1);
});

test.each([undefined, null, 'abc', 5, {}, { length: 1, 0: 'a' }, new Set(['a']), () => {}])(
  'souls must be an array, not %p',
  async (souls) => {
    const { relay, client } = await setup();
    const error = await failureOf(client.getRecords(souls));
    expect(error).toMatchObject({ code: 'ERR_GUN_INVALID_ARGUMENT', message: expect.stringContaining('souls') });
    expect(relay.requests).toHaveLength(0);
  },
);

test.each([5, 'fast', true, () => {}])('options that are no object reject the whole batch: %p', async (options) => {
  const { relay, client } = await setup();
  expect((await failureOf(client.getRecords(['a'], options))).code).toBe('ERR_GUN_INVALID_ARGUMENT');
  expect(relay.requests).toHaveLength(0);
});

test('no souls, no answers, nothing asked', async () => {
  const { relay, client } = await setup();
  expect(await client.getRecords([])).toEqual([]);
  expect(relay.requests).toHaveLength(0);
  expect(client.cacheStats().total).toBe(0);
});

test('the array may change once the call has begun', async () => {
  const { relay, client } = await setup({ a: record({ n: 1 }) });
  const souls = ['a', 'b'];
  const call = client.getRecords(souls);
  souls.length = 0;
  souls.push('c', 'd', 'e');
  expect(await call).toEqual([{ n: 1 }, null]);
  expect(relay.souls.sort()).toEqual(['a', 'b']);
});

test('a relay that is down is an error for every soul, never null', async () => {
  const { relay, client } = await setup({}, { retries: 0 });
  await relay.close();
  const answers = await client.getRecords(['a', 'b', 'c']);
  expect(answers.map((error) => [error.code, error.soul])).toEqual([
    ['ERR_GUN_CONNECT', 'a'],
    ['ERR_GUN_CONNECT', 'b'],
    ['ERR_GUN_CONNECT', 'c'],
  ]);
});

test('a closed client rejects the whole batch', async () => {
  const { client } = await setup();
  await client.close();
  expect((await failureOf(client.getRecords(['a', 'b']))).code).toBe('ERR_GUN_CLOSED');
  expect((await failureOf(client.getRecords([]))).code).toBe('ERR_GUN_CLOSED');
});

test('an abort rejects the whole batch, answered souls included', async () => {
  const { relay, client } = await setup({ a: record({ n: 1 }), b: stall() });
  const controller = new AbortController();
  const call = rejectionOf(client.getRecords(['a', 'b', ''], { signal: controller.signal }));
  await relay.hasRequests(2);
  controller.abort('gone');
  expect(await call).toBe('gone');
});

test('1,000 souls come through a narrow pool', async () => {
  const { relay, client } = await setup((soul) => record({ soul }), { maxInFlight: 8 });
  const souls = Array.from({ length: 1_000 }, (_, number) => `soul ${number}`);
  expect(await client.getRecords(souls)).toEqual(souls.map((soul) => ({ soul })));
  expect(relay.mostInProgress).toBeLessThanOrEqual(8);
});
