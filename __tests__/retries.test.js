'use strict';

const { json, missing, record, reset, stall, status, truncated } = require('./helpers/answers');
const { failureOf, setup } = require('./helpers/setup');

test('a transient failure is retried until the record comes', async () => {
  const { relay, client } = await setup({ a: [status(503), status(500), record({ n: 1 })] });
  expect(await client.getRecord('a')).toEqual({ n: 1 });
  expect(relay.requests).toHaveLength(3);
  expect(client.cacheStats().requests).toMatchObject({ sent: 3, retried: 2, found: 1, failed: {} });
});

test('a soul that is missing at the second attempt is missing', async () => {
  const { relay, client } = await setup({ a: [status(503), missing()] });
  expect(await client.getRecord('a')).toBeNull();
  expect(await client.getRecord('a')).toBeNull();
  expect(relay.requests).toHaveLength(2);
});

test('every kind of transient failure counts as one attempt', async () => {
  const mixed = [reset(), status(429), truncated('{}'), json('{"success"'), stall(), record({ n: 1 })];
  const { relay, client } = await setup({ a: mixed }, { retries: 5, attemptTimeoutMs: 100 });
  expect(await client.getRecord('a')).toEqual({ n: 1 });
  expect(relay.requests).toHaveLength(6);
});

test('a failure that is not transient ends the call at any attempt', async () => {
  const { relay, client } = await setup({ a: [status(503), status(400), record({ n: 1 })] });
  expect(await failureOf(client.getRecord('a'))).toMatchObject({ code: 'ERR_GUN_STATUS', status: 400, attempts: 2 });
  expect(relay.requests).toHaveLength(2);
});

test('the call rejects with the last failure', async () => {
  const { client } = await setup({ a: [reset(), status(502), status(504)] });
  expect(await failureOf(client.getRecord('a'))).toMatchObject({ code: 'ERR_GUN_STATUS', status: 504, attempts: 3 });
});

test.each([0, 1, 5])('retries: %i', async (retries) => {
  const { relay, client } = await setup({ a: status(503) }, { retries });
  expect((await failureOf(client.getRecord('a'))).attempts).toBe(retries + 1);
  expect(relay.requests).toHaveLength(retries + 1);
  expect(client.cacheStats().requests).toMatchObject({ sent: retries + 1, retried: retries });
});

test('backoff.maxMs bounds every delay', async () => {
  const { client } = await setup({ a: status(503) }, { retries: 20, backoff: { baseMs: 60_000, maxMs: 5 } });
  const begun = performance.now();
  await failureOf(client.getRecord('a'));
  expect(performance.now() - begun).toBeLessThan(3_000);
});

test('delays are drawn anew: no two of many are alike', async () => {
  const { relay, client } = await setup(() => status(503), { retries: 1, backoff: { baseMs: 200, maxMs: 200 } });
  const souls = Array.from({ length: 20 }, (_, soul) => `soul ${soul}`);
  await client.getRecords(souls);
  const delays = souls.map((soul) => {
    const [first, second] = relay.requests.filter((request) => request.soul === soul);
    return second.at - first.at;
  });
  // Full jitter: from 0 to 200 ms. That all of 20 lie within one half has a chance of 2 in a million.
  expect(Math.min(...delays)).toBeLessThan(100);
  expect(Math.max(...delays)).toBeGreaterThan(100);
});

describe('Retry-After', () => {
  /** A relay that asks for a delay once. Resolves with the time between the two requests. */
  async function delayAfter(retryAfter, code = 503) {
    const { relay, client } = await setup({ a: [status(code, { 'retry-after': retryAfter }), record({ n: 1 })] });
    expect(await client.getRecord('a')).toEqual({ n: 1 });
    const [first, second] = relay.requests;
    return second.at - first.at;
  }

  // The client's clock starts when the answer is there, the relay's when the question is: the first is never ahead.
  test.each([503, 429])('seconds are waited for at %i', async (code) => {
    expect(await delayAfter('1', code)).toBeGreaterThanOrEqual(990);
  });

  test('an HTTP date is waited for', async () => {
    // Dates have whole seconds: one that is 2 s ahead is between 1 s and 2 s away.
    const date = new Date(Date.now() + 2_000).toUTCString();
    expect(await delayAfter(date)).toBeGreaterThanOrEqual(900);
  });

  test.each([
    ['no delay', '0'],
    ['a date that has passed', 'Wed, 21 Oct 2015 07:28:00 GMT'],
    ['what is neither seconds nor a date', 'soon'],
    ['a negative number', '-5'],
    ['nothing', ''],
  ])('%s is not waited for', async (_what, retryAfter) => {
    expect(await delayAfter(retryAfter)).toBeLessThan(900);
  });

  test.each([
    ['seconds', '60'],
    ['a date', new Date(Date.now() + 3_600_000).toUTCString()],
    ['more seconds than any clock has', '9'.repeat(40)],
  ])('a delay that does not fit the deadline fails the call at once: %s', async (_what, retryAfter) => {
    const answer = status(429, { 'retry-after': retryAfter });
    const { relay, client } = await setup({ a: answer }, { timeoutMs: 20_000 });
    const begun = performance.now();
    const error = await failureOf(client.getRecord('a'));
    expect(performance.now() - begun).toBeLessThan(3_000);
    expect(error).toMatchObject({ code: 'ERR_GUN_STATUS', status: 429, attempts: 1, retryable: true });
    expect(relay.requests).toHaveLength(1);
  });

  test('after the last attempt nothing is waited for', async () => {
    const { client } = await setup({ a: status(503, { 'retry-after': '2' }) }, { retries: 0 });
    const begun = performance.now();
    await failureOf(client.getRecord('a'));
    expect(performance.now() - begun).toBeLessThan(1_500);
  });
});

describe('the retry budget', () => {
  const CALLS = 1_000;

  async function failAtOnce(options) {
    const { relay, client } = await setup(() => status(503), { breaker: false, backoff: { baseMs: 0, maxMs: 0 }, ...options });
    const answers = await client.getRecords(Array.from({ length: CALLS }, (_, soul) => `soul ${soul}`));
    const attempts = answers.map((error) => error.attempts);
    expect(answers.every(({ code }) => code === 'ERR_GUN_STATUS')).toBe(true);
    return { requests: relay.requests.length, attempts, stats: client.cacheStats().requests };
  }

  test('many calls that fail at once are retried within the budget, each with what it met', async () => {
    const { requests, attempts, stats } = await failAtOnce({ retryBudget: { minPerSecond: 0 } });
    // The reserve of 200, and a fifth of the requests as far as they had begun when the last retry was asked for.
    expect(requests).toBeGreaterThan(CALLS + 200);
    expect(requests).toBeLessThanOrEqual(CALLS + 200 + CALLS / 5);
    expect(attempts.reduce((sum, made) => sum + made, 0)).toBe(requests);
    expect(stats).toMatchObject({ sent: requests, retried: requests - CALLS });
  });

  test('a ratio and a minimum of 0 leave the reserve', async () => {
    expect((await failAtOnce({ retryBudget: { ratio: 0, minPerSecond: 0 } })).requests).toBe(CALLS + 200);
  });

  test('retryBudget: false retries all', async () => {
    expect((await failAtOnce({ retryBudget: false })).requests).toBe(3 * CALLS);
  });
});
