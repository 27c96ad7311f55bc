'use strict';

const { drip, endless, json, record, truncatedChunks } = require('./helpers/answers');
const { failureOf, setup } = require('./helpers/setup');

const BODY = '{"success":true,"data":{"n":1}}';

test('a body of exactly maxBodyBytes is read', async () => {
  const { client } = await setup({ a: json(BODY) }, { maxBodyBytes: BODY.length });
  expect(await client.getRecord('a')).toEqual({ n: 1 });
});

test.each([
  ['announced', json(BODY)],
  ['in chunks', drip([BODY.slice(0, 20), BODY.slice(20)], 1)],
  ['cut off behind the limit', truncatedChunks(BODY)],
])('one byte more is ERR_GUN_BODY_TOO_LARGE, asked for once: %s', async (_how, answer) => {
  const { relay, client } = await setup({ a: answer }, { maxBodyBytes: BODY.length - 1 });
  const error = await failureOf(client.getRecord('a'));
  expect(error).toMatchObject({ code: 'ERR_GUN_BODY_TOO_LARGE', attempts: 1, retryable: false });
  expect(error.message).toContain(`${BODY.length - 1} bytes`);
  expect(relay.requests).toHaveLength(1);
  expect(client.cacheStats().size).toBe(0);
});

test('an endless body is stopped while it is read', async () => {
  const { relay, client } = await setup({ a: endless() }, { maxBodyBytes: 1_000_000 });
  expect((await failureOf(client.getRecord('a'))).code).toBe('ERR_GUN_BODY_TOO_LARGE');
  await relay.hasAbandoned(1);
});

test('the client works after a body that was too large', async () => {
  const { client } = await setup({ a: endless(), b: record({ n: 1 }) }, { maxBodyBytes: 1_000, maxInFlight: 1 });
  await failureOf(client.getRecord('a'));
  expect(await client.getRecord('b')).toEqual({ n: 1 });
});
