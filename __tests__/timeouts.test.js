'use strict';

const { after, drip, record, stall, stallAfter } = require('./helpers/answers');
const { failureOf, setup } = require('./helpers/setup');

const SLOW = 'HTTP/1.1 200 OK\r\ncontent-length: 30\r\n';

describe('an attempt ends after attemptTimeoutMs, wherever it stalls', () => {
  test.each([
    ['before the status line', stall()],
    ['within the headers', stallAfter(SLOW)],
    ['within the body', stallAfter(`${SLOW}\r\n{"success"`)],
    ['within a body that drips', drip('{"success":true,"data":{"slow":"record"}}', 40)],
  ])('%s', async (_where, answer) => {
    const { relay, client } = await setup({ a: answer }, { attemptTimeoutMs: 100, retries: 1 });
    const error = await failureOf(client.getRecord('a'));
    expect(error).toMatchObject({ code: 'ERR_GUN_TIMEOUT', attempts: 2, retryable: true });
    expect(relay.requests).toHaveLength(2);
    await relay.hasAbandoned(2);
  });
});

test('a slow attempt may be followed by a quick one', async () => {
  const { relay, client } = await setup({ a: [stall(), record({ n: 1 })] }, { attemptTimeoutMs: 100 });
  expect(await client.getRecord('a')).toEqual({ n: 1 });
  expect(relay.requests).toHaveLength(2);
});

test('timeoutMs ends the call in the middle of an attempt', async () => {
  const { relay, client } = await setup({ a: stall() }, { timeoutMs: 100 });
  const begun = performance.now();
  const error = await failureOf(client.getRecord('a'));
  const took = performance.now() - begun;
  expect(error).toMatchObject({ code: 'ERR_GUN_TIMEOUT', attempts: 1, retryable: true });
  expect(took).toBeGreaterThanOrEqual(95);
  expect(took).toBeLessThan(3_000);
  await relay.hasAbandoned(1);
});

test('timeoutMs bounds all attempts together', async () => {
  const { relay, client } = await setup({ a: stall() }, { timeoutMs: 250, attemptTimeoutMs: 100, retries: 100 });
  const error = await failureOf(client.getRecord('a'));
  expect(error.code).toBe('ERR_GUN_TIMEOUT');
  expect(relay.requests.length).toBeGreaterThanOrEqual(2);
  expect(relay.requests.length).toBeLessThanOrEqual(3);
});

test('timeoutMs counts the time in the queue, and a call that ends there never reaches the relay', async () => {
  const { relay, client } = await setup({}, { maxInFlight: 1, attemptTimeoutMs: 5_000 });
  const gate = relay.hold();
  const first = client.getRecord('a');
  await gate.reached();
  const error = await failureOf(client.getRecord('b', { timeoutMs: 100 }));
  expect(error).toMatchObject({ code: 'ERR_GUN_TIMEOUT', attempts: 0, retryable: true });
  gate.open();
  expect(await first).toBeNull();
  expect(relay.souls).toEqual(['a']);
});

describe("a call's own timeoutMs", () => {
  test('ends this call', async () => {
    const { relay, client } = await setup({ a: stall() });
    const error = await failureOf(client.getRecord('a', { timeoutMs: 80 }));
    expect(error).toMatchObject({ code: 'ERR_GUN_TIMEOUT', soul: 'a' });
    await relay.hasAbandoned(1);
    expect(client.cacheStats().requests.failed).toEqual({ ERR_GUN_TIMEOUT: 1 });
  });

  test('ends no other call for the same soul', async () => {
    const { relay, client } = await setup({ a: record({ n: 1 }) });
    const gate = relay.hold();
    const patient = client.getRecord('a');
    const hasty = client.getRecord('a', { timeoutMs: 50 });
    expect((await failureOf(hasty)).code).toBe('ERR_GUN_TIMEOUT');
    gate.open();
    expect(await patient).toEqual({ n: 1 });
    expect(relay.requests).toHaveLength(1);
    expect(client.cacheStats().requests).toMatchObject({ found: 1, failed: {} });
  });

  test('of a later caller is not that of the first', async () => {
    const { relay, client } = await setup({ a: record({ n: 1 }) });
    const gate = relay.hold();
    const hasty = client.getRecord('a', { timeoutMs: 50 });
    const patient = client.getRecord('a', { timeoutMs: 10_000 });
    expect((await failureOf(hasty)).code).toBe('ERR_GUN_TIMEOUT');
    gate.open();
    expect(await patient).toEqual({ n: 1 });
    expect(relay.requests).toHaveLength(1);
  });

  test('does not end a call that is answered in time', async () => {
    const { client } = await setup({ a: after(50, record({ n: 1 })) });
    expect(await client.getRecord('a', { timeoutMs: 5_000 })).toEqual({ n: 1 });
  });

  test('in a batch each slow soul is its own failure', async () => {
    const { client } = await setup({ slow: stall(), quick: record({ n: 1 }) });
    const [slow, quick] = await client.getRecords(['slow', 'quick'], { timeoutMs: 200 });
    expect(slow).toMatchObject({ code: 'ERR_GUN_TIMEOUT', soul: 'slow' });
    expect(quick).toEqual({ n: 1 });
  });

  test.each([0, -1, 1.5, NaN, Infinity, 2 ** 31, '50', null, true, 5n, {}])('must be a delay, not %p', async (timeoutMs) => {
    const { relay, client } = await setup();
    const error = await failureOf(client.getRecord('a', { timeoutMs }));
    expect(error.code).toBe('ERR_GUN_INVALID_ARGUMENT');
    expect(error.message).toMatch(/timeoutMs .*integer from 1 to 2147483647/);
    expect((await failureOf(client.getRecords(['a'], { timeoutMs }))).code).toBe('ERR_GUN_INVALID_ARGUMENT');
    expect(relay.requests).toHaveLength(0);
  });

  test('may be as long as any timer, or undefined', async () => {
    const { client } = await setup({ a: record({ n: 1 }) });
    expect(await client.getRecord('a', { timeoutMs: 2 ** 31 - 1 })).toEqual({ n: 1 });
    expect(await client.getRecord('a', { timeoutMs: undefined })).toEqual({ n: 1 });
  });
});
