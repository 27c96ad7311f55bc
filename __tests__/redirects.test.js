'use strict';

const { record, redirect, status } = require('./helpers/answers');
const { failureOf, newClient, newRelay, setup } = require('./helpers/setup');

test.each([301, 302, 303, 307, 308])('%i within the origin of the relay is followed', async (code) => {
  const { relay, client } = await setup({ a: redirect('/moved/get?soul=b', code), b: record({ n: 1 }) });
  expect(await client.getRecord('a')).toEqual({ n: 1 });
  expect(relay.requests.map(({ method, url }) => [method, url])).toEqual([
    ['GET', '/get?soul=a'],
    ['GET', '/moved/get?soul=b'],
  ]);
});

test('credentials go along within the origin', async () => {
  const relay = await newRelay({ a: redirect('/get?soul=b'), b: record({}) });
  const client = newClient({ relayUrl: relay.url.replace('//', '//user:pass@'), headers: { 'x-key': 'k' } });
  await client.getRecord('a');
  expect(relay.requests[1].headers).toMatchObject({ authorization: expect.stringMatching(/^Basic /), 'x-key': 'k' });
});

test.each([301, 302, 303, 307, 308])('%i to another origin is ERR_GUN_STATUS, and the other is never asked', async (code) => {
  const other = await newRelay({ a: record({ n: 'other' }) });
  const { relay, client } = await setup({ a: redirect(`${other.url}/get?soul=a`, code) });
  expect(await failureOf(client.getRecord('a'))).toMatchObject({ code: 'ERR_GUN_STATUS', status: code, attempts: 1, retryable: false });
  expect(relay.requests).toHaveLength(1);
  expect(other.connections).toBe(0);
});

test('another scheme or name of the same host is another origin', async () => {
  const { relay, client } = await setup((soul) => redirect(soul));
  const { port } = new URL(relay.url);
  for (const location of [`https://127.0.0.1:${port}/get?soul=x`, `http://localhost:${port}/get?soul=x`, 'ftp://127.0.0.1/']) {
    expect((await failureOf(client.getRecord(location))).code).toBe('ERR_GUN_STATUS');
  }
  expect(relay.requests).toHaveLength(3);
});

test('a redirect out of the origin by two steps is not followed either', async () => {
  const other = await newRelay();
  const { client } = await setup({ a: redirect('/get?soul=b'), b: redirect(`${other.url}/get?soul=a`) });
  expect((await failureOf(client.getRecord('a'))).code).toBe('ERR_GUN_STATUS');
  expect(other.connections).toBe(0);
});

test('a loop ends', async () => {
  const { relay, client } = await setup({ a: redirect('/get?soul=a') });
  expect(await failureOf(client.getRecord('a'))).toMatchObject({ code: 'ERR_GUN_STATUS', status: 302 });
  expect(relay.requests.length).toBeLessThan(25);
});

test.each([undefined, '', 'http://['])('a redirect to nowhere is ERR_GUN_STATUS: location %p', async (location) => {
  const { client } = await setup({ a: status(302, location === undefined ? {} : { location }) });
  expect((await failureOf(client.getRecord('a'))).code).toBe('ERR_GUN_STATUS');
});

test('a soul that is missing behind a redirect is missing', async () => {
  const { relay, client } = await setup({ a: redirect('/get?soul=b') });
  expect(await client.getRecord('a')).toBeNull();
  expect(await client.getRecord('a')).toBeNull();
  expect(relay.souls).toEqual(['a', 'b']);
});
