'use strict';

const { AsyncLocalStorage } = require('async_hooks');
const { missing, record, status } = require('./helpers/answers');
const { EVENTS, listen, recorded } = require('./helpers/channels');
const { failureOf, newClient, newRelay, rejectionOf, setup, until } = require('./helpers/setup');
const { GunError } = require('..');

const namesOf = (log) => log.map(([event, { soul }]) => `${event} ${soul}`);

test('a record: start and end, with what it took', async () => {
  const { relay, client } = await setup({ a: record({ n: 1 }) });
  const log = recorded();
  expect(await client.getRecord('a')).toEqual({ n: 1 });
  expect(log).toEqual([
    ['request:start', { soul: 'a', relay: relay.url }],
    ['request:end', {
      soul: 'a',
      relay: relay.url,
      outcome: 'found',
      status: 200,
      attempts: 1,
      coalesced: false,
      durationMs: expect.any(Number),
    }],
  ]);
});

test('a missing soul: it is inserted once, however many asked, and then a hit', async () => {
  const { relay, client } = await setup();
  const log = recorded();
  await Promise.all([client.getRecord('a'), client.getRecord('a')]);
  await client.getRecord('a');
  expect(namesOf(log)).toEqual([
    'request:start a',
    'request:start a',
    'cache:insert a',
    'request:end a',
    'request:end a',
    'cache:hit a',
  ]);
  expect(log.map(([, message]) => message.coalesced)).toEqual([undefined, undefined, undefined, false, true, undefined]);
  expect(log[3][1]).toMatchObject({ outcome: 'missing', status: 404 });
  expect(log[2][1]).toEqual({ soul: 'a', relay: relay.url });
  expect(relay.requests).toHaveLength(1);
});

test('a hit is one even where a line for the log is due', async () => {
  const { client } = await setup({}, { statsEvery: 1 });
  await client.getRecord('a');
  const log = recorded();
  await client.getRecord('a');
  expect(namesOf(log)).toEqual(['cache:hit a']);
});

test('nothing is inserted where nothing is remembered', async () => {
  const { client } = await setup({}, { cache: { capacity: 0 } });
  const log = recorded();
  await client.getRecord('a');
  expect(namesOf(log)).toEqual(['request:start a', 'request:end a']);
});

test('every retry is published before the next attempt, with the error', async () => {
  const { relay, client } = await setup({ a: [status(503), status(500), record({})] });
  const log = [];
  listen((event, { attempts, retry }) => log.push([event, attempts, retry && retry.error.status, relay.requests.length]));
  await client.getRecord('a');
  expect(log.map(([event, attempts, code]) => [event, attempts, code])).toEqual([
    ['request:start', undefined, undefined],
    ['request:retry', 1, 503],
    ['request:retry', 2, 500],
    ['request:end', 3, 500],
  ]);
});

test('a retry carries the GunError and the pause', async () => {
  const { client } = await setup({ a: [status(503), record({})] });
  const log = recorded(['request:retry']);
  await client.getRecord('a');
  const [[, { retry }]] = log;
  expect(retry.error).toBeInstanceOf(GunError);
  expect(retry.error).toMatchObject({ code: 'ERR_GUN_STATUS', soul: 'a', attempts: 1, retryable: true });
  expect(retry.delayMs).toBeGreaterThanOrEqual(0);
});

test('a failure: start and error, and the error is the one that the caller gets', async () => {
  const { client } = await setup({ a: status(400) });
  const log = recorded();
  const error = await failureOf(client.getRecord('a'));
  expect(namesOf(log)).toEqual(['request:start a', 'request:error a']);
  expect(log[1][1].error).toBe(error);
  expect(log[1][1]).toMatchObject({ status: 400, attempts: 1 });
});

test('an aborted call is an error with the reason of its signal', async () => {
  const { relay, client } = await setup();
  const log = recorded();
  const gate = relay.hold();
  const controller = new AbortController();
  const call = client.getRecord('a', { signal: controller.signal });
  await gate.reached();
  controller.abort('enough');
  expect(await rejectionOf(call)).toBe('enough');
  expect(namesOf(log)).toEqual(['request:start a', 'request:error a']);
  expect(log[1][1].error).toBe('enough');
});

test('a listener may abort the call whose start it hears', async () => {
  const { client } = await setup();
  const controller = new AbortController();
  listen((event) => event === 'request:start' && controller.abort('enough'));
  const { signal } = controller;
  expect(await rejectionOf(client.getRecord('a', { signal }))).toBe('enough');
});

test('a call that is refused by the queue is published, one that never began is not', async () => {
  const { relay, client } = await setup({}, { maxInFlight: 1, maxQueue: 0 });
  const gate = relay.hold();
  const first = client.getRecord('a');
  await gate.reached();
  const log = recorded();
  expect((await failureOf(client.getRecord('b'))).code).toBe('ERR_GUN_OVERLOADED');
  await failureOf(client.getRecord(5));
  await failureOf(client.getRecord('c', { timeoutMs: 0 }));
  await rejectionOf(client.getRecord('d', { signal: AbortSignal.abort() }));
  gate.open();
  await first;
  await client.close();
  await failureOf(client.getRecord('e'));
  expect(namesOf(log)).toEqual(['request:start b', 'request:error b']);
});

test('one message goes with a request from start to end', async () => {
  const { client } = await setup({ a: [status(503), record({})] });
  const messages = new Set();
  listen((event, message) => messages.add(message));
  await client.getRecord('a');
  expect(messages.size).toBe(1);
});

test('every event comes in the asynchronous context of its call', async () => {
  const { client } = await setup({ a: [status(503), record({})], gone: missing(), bad: status(400) });
  const context = new AsyncLocalStorage();
  const log = [];
  listen((event, { soul }) => log.push(`${context.getStore()} ${event} ${soul}`));
  await Promise.all([
    context.run('one', () => client.getRecord('a')),
    context.run('two', () => client.getRecords(['gone', 'bad'])),
    context.run('three', () => client.getRecord('gone')),
  ]);
  context.run('four', () => client.invalidate('gone'));
  const of = (name) => log.filter((line) => line.startsWith(name)).map((line) => line.slice(name.length + 1));
  expect(of('one')).toEqual(['request:start a', 'request:retry a', 'request:end a']);
  expect(of('two').sort()).toEqual([
    'cache:insert gone',
    'request:end gone',
    'request:error bad',
    'request:start bad',
    'request:start gone',
  ]);
  expect(of('three')).toEqual(['request:start gone', 'request:end gone']);
  expect(of('four')).toEqual(['cache:invalidate gone']);
  expect(log).toHaveLength(11);
});

test('removals are published: one soul, all souls, and an entry removed because the relay has the record', async () => {
  const { relay, client } = await setup({ a: [missing(), record({})] });
  await client.getRecords(['a', 'b', 'c']);
  const log = recorded();
  client.invalidate('b');
  client.invalidate('b');
  await client.getRecord('a', { fresh: true });
  client.invalidateAll();
  expect(log.filter(([event]) => event === 'cache:invalidate').map(([, message]) => message)).toEqual([
    { soul: 'b', relay: relay.url, removed: 1 },
    { soul: 'b', relay: relay.url, removed: 0 },
    { soul: 'a', relay: relay.url, removed: 1 },
    { soul: undefined, relay: relay.url, removed: 1 },
  ]);
});

test('a sweep is published with the number of entries that it removed', async () => {
  const { relay, client } = await setup({}, { cache: { ttlMs: 5 }, sweepEveryMs: 20 });
  const log = recorded(['cache:sweep']);
  await client.getRecords(['a', 'b']);
  await until(() => log.length > 0);
  expect(log).toEqual([['cache:sweep', { relay: relay.url, removed: 2, remain: 0 }]]);
});

test('no event contains credentials', async () => {
  const relay = await newRelay({ a: [status(503), record({})], bad: status(400) });
  const secret = newClient({ relayUrl: relay.url.replace('//', '//user:pass@'), headers: { 'x-key': 'hush' } });
  const log = recorded();
  await secret.getRecords(['a', 'bad', 'gone']);
  const text = JSON.stringify(log, (key, value) => (value instanceof Error ? `${value.message}${value.stack}` : value));
  expect(text).not.toMatch(/pass|hush/);
  expect(text).toContain(relay.url);
});

describe('a batch that is watched answers as one that is not', () => {
  const SOULS = ['a', 'gone', 'bad', 5, '', 'a', 'gone'];
  const SCRIPT = { a: record({ n: 1 }), bad: status(400) };
  const shape = (answers) => answers.map((answer) => (answer instanceof GunError ? answer.code : answer));

  test('in its answers, its requests and its counts', async () => {
    const plain = await setup(SCRIPT);
    const expected = shape(await plain.client.getRecords(SOULS));
    listen(() => {});
    const watched = await setup(SCRIPT);
    const answers = await watched.client.getRecords(SOULS);
    expect(shape(answers)).toEqual(expected);
    expect(answers[0]).not.toBe(answers[5]);
    expect(watched.relay.souls.sort()).toEqual(plain.relay.souls.sort());
    const [{ requests, ...stats }, { requests: plainRequests, ...plainStats }] = [watched, plain].map(({ client }) =>
      client.cacheStats());
    const breaker = { ...plainStats.breaker, sinceMs: expect.any(Number) };
    expect(stats).toEqual({ ...plainStats, breaker });
    const times = { p50: expect.any(Number), p90: expect.any(Number), p99: expect.any(Number) };
    expect(requests).toEqual({ ...plainRequests, ...times });
  });

  test('in what rejects all of it', async () => {
    listen(() => {});
    const { relay, client } = await setup();
    const gate = relay.hold();
    const controller = new AbortController();
    const call = client.getRecords(['a', 'b'], { signal: controller.signal });
    await gate.reached(2);
    controller.abort(new GunError('mine', { code: 'ERR_GUN_CONNECT' }));
    expect(await rejectionOf(call)).toBe(controller.signal.reason);
    gate.open();
    expect(await client.getRecords([])).toEqual([]);
    await client.close();
    for (const souls of [['a'], [''], []]) {
      expect((await failureOf(client.getRecords(souls))).code).toBe('ERR_GUN_CLOSED');
    }
  });

  test('in the references that it follows, each of which is a request', async () => {
    const log = recorded(['request:end']);
    const { client } = await setup({ a: record({ child: { '#': 'a/child' } }), 'a/child': record({ n: 1 }) });
    expect(await client.getRecord('a', { resolveRefs: 1 })).toEqual({ child: { n: 1 } });
    expect(log.map(([, { soul }]) => soul)).toEqual(['a', 'a/child']);
  });
});

test('a subscriber of a single event gets it', async () => {
  for (const event of EVENTS.filter((name) => name !== 'cache:sweep')) {
    const { client } = await setup({ a: [missing(), status(503), record({})], bad: status(400) });
    const log = recorded([event]);
    await client.getRecord('a');
    await client.getRecord('a');
    await client.getRecord('a', { fresh: true });
    await failureOf(client.getRecord('bad'));
    expect(log.length).toBeGreaterThan(0);
  }
});

test('calls that began before there was a subscriber are not published', async () => {
  const { relay, client } = await setup();
  const gate = relay.hold();
  const call = client.getRecord('a');
  await gate.reached();
  const log = recorded();
  gate.open();
  await call;
  expect(log).toEqual([]);
});
