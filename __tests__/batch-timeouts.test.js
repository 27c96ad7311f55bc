'use strict';

const { stall } = require('./helpers/answers');
const { setup } = require('./helpers/setup');

test("a batch's own timeout holds for souls that another batch waits for without one", async () => {
  const { client } = await setup(() => stall(), { maxInFlight: 1, retries: 0, breaker: false, timeoutMs: 60_000, attemptTimeoutMs: 60_000 });
  const controller = new AbortController();
  const patient = client.getRecords(['a', 'b', 'c'], { signal: controller.signal }).catch((reason) => reason);
  const answers = await client.getRecords(['b', 'c'], { timeoutMs: 50 });
  expect(answers.map(({ code }) => code)).toEqual(['ERR_GUN_TIMEOUT', 'ERR_GUN_TIMEOUT']);
  controller.abort('done');
  expect(await patient).toBe('done');
});
