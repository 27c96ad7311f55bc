'use strict';

const { status } = require('./helpers/answers');
const { setup } = require('./helpers/setup');

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
