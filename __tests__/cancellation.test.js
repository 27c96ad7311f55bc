'use strict';

const { getEventListeners } = require('events');
const { missing, record, stall, status } = require('./helpers/answers');
const { failureOf, rejectionOf, setup, until } = require('./helpers/setup');

test('a signal that is aborted already rejects the call with its reason, and nothing is asked', async () => {
  const { relay, client } = await setup();
  const signal = AbortSignal.abort(new Error('too late'));
  expect(await rejectionOf(client.getRecord('a', { signal }))).toBe(signal.reason);
  expect(await rejectionOf(client.getRecords(['a', 'b'], { signal }))).toBe(signal.reason);
  expect(relay.requests).toHaveLength(0);
  expect(client.cacheStats().total).toBe(0);
});

test('an aborted signal comes before a known-missing answer', async () => {
  const { client } = await setup();
  await client.getRecord('a');
  const signal = AbortSignal.abort();
  expect(await rejectionOf(client.getRecord('a', { signal }))).toBe(signal.reason);
});

test.each([
  ['an error', new Error('enough')],
  ['text', 'enough'],
  ['an object', { why: 'enough' }],
  ['zero', 0],
  ['null', null],
])('an abort rejects the call with the very reason: %s', async (_what, reason) => {
  const { relay, client } = await setup({ a: stall() });
  const controller = new AbortController();
  const call = rejectionOf(client.getRecord('a', { signal: controller.signal }));
  await relay.hasRequests(1);
  controller.abort(reason);
  expect(await call).toBe(reason);
});

test('an abort without a reason rejects with an AbortError, as fetch does', async () => {
  const { relay, client } = await setup({ a: stall() });
  const controller = new AbortController();
  const call = rejectionOf(client.getRecord('a', { signal: controller.signal }));
  await relay.hasRequests(1);
  controller.abort();
  const reason = await call;
  expect(reason.name).toBe('AbortError');
  expect(reason).toBe(controller.signal.reason);
});

describe('a signal without a reason, as polyfills have it', () => {
  /** The signal of the npm package abort-controller, in what is used of it. */
  class OldSignal extends EventTarget {
    aborted = false;
    abort() {
      this.aborted = true;
      this.dispatchEvent(new Event('abort'));
    }
  }

  const abortError = expect.objectContaining({ name: 'AbortError', message: expect.stringContaining('aborted') });

  test.each([
    ['getRecord', (client, options) => client.getRecord('a', options)],
    ['getRecords', (client, options) => client.getRecords(['a'], options)],
    ['getRecordText', (client, options) => client.getRecordText('a', options)],
    ['resolveRefs', (client, options) => client.getRecord('a', { ...options, resolveRefs: 1 })],
  ])('%s rejects with an AbortError, then and before the call', async (_what, call) => {
    const { relay, client } = await setup({ a: stall() });
    const signal = new OldSignal();
    const waiting = rejectionOf(call(client, { signal }));
    await relay.hasRequests(1);
    signal.abort();
    for (const reason of [await waiting, await rejectionOf(call(client, { signal }))]) expect(reason).toEqual(abortError);
    expect(relay.requests).toHaveLength(1);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

test('AbortSignal.timeout rejects with its TimeoutError', async () => {
  const { client } = await setup({ a: stall() });
  const signal = AbortSignal.timeout(50);
  const reason = await rejectionOf(client.getRecord('a', { signal }));
  expect(reason.name).toBe('TimeoutError');
  expect(reason).toBe(signal.reason);
});

test('only the caller who aborts leaves: the others get the answer of the same request', async () => {
  const { relay, client } = await setup({ a: record({ n: 1 }) });
  const gate = relay.hold();
  const controller = new AbortController();
  const leaving = rejectionOf(client.getRecord('a', { signal: controller.signal }));
  const staying = client.getRecord('a');
  await gate.reached();
  controller.abort('gone');
  expect(await leaving).toBe('gone');
  gate.open();
  expect(await staying).toEqual({ n: 1 });
  expect(relay.requests).toHaveLength(1);
  expect(relay.abandoned).toBe(0);
});

test('the request is cancelled with its last caller', async () => {
  const { relay, client } = await setup({ a: stall() });
  const controllers = [new AbortController(), new AbortController()];
  const calls = controllers.map(({ signal }) => rejectionOf(client.getRecord('a', { signal })));
  await relay.hasRequests(1);
  for (const controller of controllers) controller.abort('gone');
  expect(await Promise.all(calls)).toEqual(['gone', 'gone']);
  await relay.hasAbandoned(1);
  expect(relay.requests).toHaveLength(1);
  expect(client.cacheStats().requests).toMatchObject({ inFlight: 0, queued: 0, failed: {} });
});

test('a caller who comes after the last one left has a request of its own', async () => {
  const { relay, client } = await setup({ a: [stall(), record({ n: 2 })] });
  const controller = new AbortController();
  const leaving = rejectionOf(client.getRecord('a', { signal: controller.signal }));
  await relay.hasRequests(1);
  controller.abort('gone');
  const next = client.getRecord('a');
  expect(await leaving).toBe('gone');
  expect(await next).toEqual({ n: 2 });
  expect(relay.requests).toHaveLength(2);
});

test('a call that is aborted in the queue never reaches the relay, and gives its place up', async () => {
  const { relay, client } = await setup({ c: record({ n: 3 }) }, { maxInFlight: 1, maxQueue: 1 });
  const gate = relay.hold();
  const first = client.getRecord('a');
  await gate.reached();
  const controller = new AbortController();
  const leaving = rejectionOf(client.getRecord('b', { signal: controller.signal }));
  controller.abort('gone');
  expect(await leaving).toBe('gone');
  const third = client.getRecord('c');
  gate.open();
  expect(await Promise.all([first, third])).toEqual([null, { n: 3 }]);
  expect(relay.souls).toEqual(['a', 'c']);
});

test('an abort while the second attempt waits for its permit ends the retries', async () => {
  const { relay, client } = await setup({ a: status(503) }, { maxInFlight: 1 });
  const firstAttempt = relay.hold(1);
  const other = relay.hold(1);
  const controller = new AbortController();
  const call = rejectionOf(client.getRecord('a', { signal: controller.signal }));
  await firstAttempt.reached();
  const between = client.getRecord('b');
  firstAttempt.open();
  await other.reached(); // `b` has the only permit
  await until(() => client.cacheStats().requests.queued === 1); // the backoff is over, the second attempt is next in the queue
  controller.abort('gone');
  expect(await call).toBe('gone');
  const last = client.getRecord('c'); // behind it in the queue
  other.open();
  await Promise.all([between, last]);
  expect(relay.souls).toEqual(['a', 'b', 'c']);
});

test('an aborted batch rejects as a whole and its requests are cancelled', async () => {
  const { relay, client } = await setup({ a: stall(), b: stall() });
  const controller = new AbortController();
  const call = rejectionOf(client.getRecords(['a', 'b'], { signal: controller.signal }));
  await relay.hasRequests(2);
  controller.abort('gone');
  expect(await call).toBe('gone');
  await relay.hasAbandoned(2);
});

test('an aborted batch cancels no request that another caller waits for', async () => {
  const { relay, client } = await setup({ a: record({ n: 1 }), b: stall() });
  const gate = relay.hold();
  const controller = new AbortController();
  const batch = rejectionOf(client.getRecords(['a', 'b'], { signal: controller.signal }));
  const single = client.getRecord('a');
  await gate.reached(2);
  controller.abort('gone');
  expect(await batch).toBe('gone');
  gate.open();
  expect(await single).toEqual({ n: 1 });
  expect(relay.requestsFor('a')).toBe(1);
});

test('an abort after the answer changes nothing', async () => {
  const { relay, client } = await setup({ a: record({ n: 1 }) });
  const controller = new AbortController();
  const call = client.getRecord('a', { signal: controller.signal });
  expect(await call).toEqual({ n: 1 });
  controller.abort('late');
  expect(await call).toEqual({ n: 1 });
  expect(await client.getRecord('a')).toEqual({ n: 1 });
  expect(relay.abandoned).toBe(0);
});

test.each([{}, 'abort', 5, true, new AbortController(), { aborted: false, addEventListener() {} }])('signal must be an AbortSignal, not %p', async (signal) => {
  const { relay, client } = await setup();
  const error = await failureOf(client.getRecord('a', { signal }));
  expect(error).toMatchObject({ code: 'ERR_GUN_INVALID_ARGUMENT', message: expect.stringContaining('signal') });
  expect((await failureOf(client.getRecords(['a'], { signal }))).code).toBe('ERR_GUN_INVALID_ARGUMENT');
  expect(relay.requests).toHaveLength(0);
});

describe('listeners of the signal', () => {
  const listenersOf = (signal) => getEventListeners(signal, 'abort').length;

  test('a long-lived signal keeps no listener of a call that has settled', async () => {
    const { client } = await setup({ found: record({}), gone: missing(), failing: status(400) });
    const { signal } = new AbortController();
    for (let call = 0; call < 20; call += 1) {
      await client.getRecord('found', { signal });
      await client.getRecord('gone', { signal });
      await failureOf(client.getRecord('failing', { signal }));
      await client.getRecords(['found', 'gone', 'failing', ''], { signal });
      await failureOf(client.getRecord('', { signal }));
      await failureOf(client.getRecords('no array', { signal }));
    }
    expect(listenersOf(signal)).toBe(0);
  });

  test('a running call has a listener, a batch has one for all its souls', async () => {
    const { relay, client } = await setup();
    const { signal } = new AbortController();
    const gate = relay.hold();
    const batch = client.getRecords(['a', 'b', 'c'], { signal });
    await gate.reached(3);
    expect(listenersOf(signal)).toBe(1);
    gate.open();
    await batch;
    expect(listenersOf(signal)).toBe(0);
  });

  test('an aborted signal keeps none either', async () => {
    const { relay, client } = await setup();
    const controller = new AbortController();
    relay.hold();
    const calls = Array.from({ length: 50 }, (_, soul) => client.getRecord(`soul ${soul}`, { signal: controller.signal }));
    controller.abort('gone');
    for (const { reason } of await Promise.allSettled(calls)) expect(reason).toBe('gone');
    expect(listenersOf(controller.signal)).toBe(0);
  });
});
