'use strict';

const { missing, record, status } = require('./helpers/answers');
const { failureOf, newClient, newRelay } = require('./helpers/setup');

async function setupWith(first, ...others) {
  const [relay, ...fallbacks] = await Promise.all([first, ...others].map((script) => newRelay(() => script)));
  const options = { relayUrl: relay.url, fallbackUrls: fallbacks.map(({ url }) => url), retries: 0 };
  return { relay, fallbacks, client: newClient(options) };
}

test('a failure of the first relay becomes the record of a fallback', async () => {
  const { relay, fallbacks, client } = await setupWith(status(503), missing(), record({ n: 1 }));
  expect(await client.getRecord('a')).toEqual({ n: 1 });
  expect([relay, ...fallbacks].map(({ souls }) => souls)).toEqual([['a'], ['a'], ['a']]);
});

test('without a record there, the call fails with the first error, whose causes are the answers of the fallbacks', async () => {
  const { fallbacks, client } = await setupWith(status(503), missing(), status(502));
  const error = await failureOf(client.getRecord('a'));
  expect(error).toMatchObject({ code: 'ERR_GUN_STATUS', status: 503, attempts: 1 });
  expect(error.cause.message).toBe(`fallback relay ${fallbacks[0].url} has no record of it`);
  expect(error.cause.cause).toMatchObject({ code: 'ERR_GUN_STATUS', status: 502, message: `fallback relay ${fallbacks[1].url}: it answered 502` });
  expect(client.cacheStats()).toMatchObject({ size: 0, requests: { missing: 0 } });
});

test('a relay that is gone keeps its code in the cause', async () => {
  const { relay, fallbacks, client } = await setupWith(missing(), status(500));
  await relay.close();
  const error = await failureOf(client.getRecord('a'));
  expect(error).toMatchObject({ code: 'ERR_GUN_CONNECT', cause: { code: 'ECONNREFUSED', cause: { code: 'ERR_GUN_STATUS' } } });
  expect(fallbacks[0].souls).toEqual(['a']);
});

test('what the first relay says is final', async () => {
  for (const answer of [missing(), status(400)]) {
    const { fallbacks, client } = await setupWith(answer, record({}));
    const [given] = await client.getRecords(['a']);
    expect(given === null || given.status === 400).toBe(true);
    expect(fallbacks[0].souls).toEqual([]);
  }
});
