'use strict';

const { missing, record, stall, status } = require('./helpers/answers');
const { failureOf, newClient, setup, until } = require('./helpers/setup');

/** Opens at the third failure in a row, and sends one call every 50 ms. */
const BREAKER = { failures: 3, afterMs: 0, probeEveryMs: 50 };
const NO_RETRIES = { retries: 0, breaker: BREAKER };

async function failsOften(client, times = 3) {
  for (let soul = 0; soul < times; soul += 1) await failureOf(client.getRecord(`fails ${soul}`));
}

/** A relay that fails until the test makes it healthy. */
async function unwell(options) {
  const health = { answer: status(503) };
  const { relay, client } = await setup(() => (response) => health.answer(response), { ...NO_RETRIES, ...options });
  return { relay, client, health };
}

test('a relay that only fails is asked no more, and the error says so', async () => {
  const { relay, client } = await unwell({ breaker: { ...BREAKER, probeEveryMs: 60_000 } });
  await failsOften(client);
  const error = await failureOf(client.getRecord('a'));
  expect(error).toMatchObject({ code: 'ERR_GUN_CIRCUIT_OPEN', soul: 'a', attempts: 0, retryable: true });
  expect(error).not.toHaveProperty('cause');
  expect(error.message).toMatch(
    /^relay http:\/\/127\.0\.0\.1:\d+ was not asked for soul "a": it has done nothing but fail for \d+ ms, and answered 503 at last$/,
  );
  const answers = await client.getRecords(['b', 'c']);
  expect(answers.map(({ code }) => code)).toEqual(['ERR_GUN_CIRCUIT_OPEN', 'ERR_GUN_CIRCUIT_OPEN']);
  expect(relay.requests).toHaveLength(3);
  expect(client.cacheStats().requests).toMatchObject({ sent: 3, failed: { ERR_GUN_STATUS: 3, ERR_GUN_CIRCUIT_OPEN: 3 } });
});

test('its cause is that of the last failure', async () => {
  const { relay, client } = await setup({}, NO_RETRIES);
  await relay.close();
  await failsOften(client);
  const { code, cause, message } = await failureOf(client.getRecord('a'));
  expect([code, cause.code]).toEqual(['ERR_GUN_CIRCUIT_OPEN', 'ECONNREFUSED']);
  expect(message).toContain('could not be reached at last: connection refused');
});

test('a relay that is back is found by the next probe', async () => {
  const { relay, client, health } = await unwell();
  await failsOften(client);
  health.answer = record({ n: 1 });
  let answer;
  await until(async () => (answer = await client.getRecord('a').catch(() => undefined)) !== undefined);
  expect(answer).toEqual({ n: 1 });
  expect(relay.requests).toHaveLength(4);
  expect(await client.getRecords(['b', 'c'])).toEqual([{ n: 1 }, { n: 1 }]);
});

test('a relay that never answers also opens the circuit', async () => {
  const { relay, client } = await setup(() => stall(), { ...NO_RETRIES, attemptTimeoutMs: 20 });
  await failsOften(client);
  expect((await failureOf(client.getRecord('a'))).code).toBe('ERR_GUN_CIRCUIT_OPEN');
  expect(relay.requests).toHaveLength(3);
});

test('known-missing souls are answered all the same', async () => {
  const { client, health } = await unwell();
  health.answer = missing();
  expect(await client.getRecord('known')).toBeNull();
  health.answer = status(503);
  await failsOften(client);
  expect(await client.getRecord('known')).toBeNull();
  expect((await failureOf(client.getRecord('known', { fresh: true }))).code).toBe('ERR_GUN_CIRCUIT_OPEN');
});

test('a call with attempts of its own fails with what it met', async () => {
  const { relay, client } = await unwell({ retries: 9 });
  expect(await failureOf(client.getRecord('a'))).toMatchObject({ code: 'ERR_GUN_STATUS', status: 503, attempts: 3 });
  expect(relay.requests).toHaveLength(3);
});

test('calls that end by their own time or by abort are no failures of the relay', async () => {
  const { client, health } = await unwell();
  health.answer = stall();
  for (let soul = 0; soul < 5; soul += 1) {
    const abort = new AbortController();
    const aborted = client.getRecord(`aborted ${soul}`, { signal: abort.signal });
    const late = client.getRecord(`late ${soul}`, { timeoutMs: 5 });
    expect((await failureOf(late)).code).toBe('ERR_GUN_TIMEOUT');
    abort.abort('enough');
    await expect(aborted).rejects.toBe('enough');
  }
  health.answer = record({});
  expect(await client.getRecord('a')).toEqual({});
});

test('a burst of failures does not open it: they must last', async () => {
  const { relay, client } = await setup(() => status(503), { backoff: { baseMs: 0, maxMs: 0 }, breaker: { afterMs: 60_000 } });
  const answers = await client.getRecords(Array.from({ length: 60 }, (_, soul) => `soul ${soul}`));
  expect(answers.every(({ code, attempts }) => code === 'ERR_GUN_STATUS' && attempts === 3)).toBe(true);
  expect(relay.requests).toHaveLength(180);
});

test('breaker: false asks the relay every time', async () => {
  const { relay, client } = await unwell({ breaker: false });
  await failsOften(client, 100);
  expect(relay.requests).toHaveLength(100);
});

test('each client has a circuit of its own', async () => {
  const { relay, client } = await unwell();
  await failsOften(client, 4);
  const other = newClient({ relayUrl: relay.url, ...NO_RETRIES });
  expect((await failureOf(other.getRecord('a'))).code).toBe('ERR_GUN_STATUS');
});
