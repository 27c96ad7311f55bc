'use strict';

const { record, status } = require('./helpers/answers');
const { failureOf, setup } = require('./helpers/setup');

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
