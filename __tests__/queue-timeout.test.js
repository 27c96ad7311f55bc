'use strict';

const { missingAfter, stall } = require('./helpers/answers');
const { failureOf, setup } = require('./helpers/setup');

test('a single call that waits too long for a permit fails, says so and names GUN_MAX_IN_FLIGHT', async () => {
  const { relay, client } = await setup(() => stall(), { maxInFlight: 1, queueTimeoutMs: 50 });
  const first = failureOf(client.getRecord('a'));
  await relay.hasRequests(1);
  const error = await failureOf(client.getRecord('b'));
  expect(error).toMatchObject({ code: 'ERR_GUN_TIMEOUT', attempts: 0, retryable: true });
  expect(error.message).toContain('in the queue');
  expect(error.message).toContain('GUN_MAX_IN_FLIGHT');
  expect(relay.souls).toEqual(['a']);
  await relay.close();
  await first;
});

test("time in the queue does not count against the client's timeoutMs", async () => {
  const { relay, client } = await setup(() => missingAfter(300), { maxInFlight: 1, timeoutMs: 1_000 });
  const souls = [...'abcdef'];
  expect(await Promise.all(souls.map((soul) => client.getRecord(soul)))).toEqual(souls.map(() => null));
  expect(relay.souls).toEqual(souls);
});
