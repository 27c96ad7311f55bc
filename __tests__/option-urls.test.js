'use strict';

const vm = require('vm');
const { record, status } = require('./helpers/answers');
const { newClient, newRelay, thrownBy } = require('./helpers/setup');

test('relayUrl may be a URL, of another realm too', async () => {
  const relay = await newRelay({ a: record({ n: 1 }) });
  // The URL of jest's realm is not the one of Node's modules.
  for (const URLOfRealm of [URL, require('url').URL, vm.runInThisContext('URL')]) {
    const client = newClient({ relayUrl: new URLOfRealm(`${relay.url}/gun`) });
    expect(await client.getRecord('a')).toEqual({ n: 1 });
  }
  expect(relay.requests.map(({ url }) => url)).toEqual(Array(3).fill('/gun/get?soul=a'));
});

test('its credentials become basic auth and appear in no message', async () => {
  const relay = await newRelay();
  await newClient({ relayUrl: new URL(relay.url.replace('//', '//us3r:s3cret@')) }).getRecord('a');
  expect(relay.requests[0].headers.authorization).toBe(`Basic ${Buffer.from('us3r:s3cret').toString('base64')}`);
  const { message } = thrownBy(() => newClient({ relayUrl: new URL('ftp://us3r:s3cret@relay') }));
  expect(message).toMatch(/relayUrl must be/);
  expect(message).not.toContain('s3cret');
});

test.each([[{ href: 'http://a' }], [['http://a']], [Object.assign(() => {}, { href: 'http://a' })]])('%p is not a URL', (relayUrl) => {
  expect(thrownBy(() => newClient({ relayUrl }))).toMatchObject({ code: 'ERR_GUN_INVALID_ARGUMENT' });
});

test('fallbackUrls accepts strings and URLs, which are asked in order', async () => {
  const [first, second, third] = [await newRelay(() => status(503)), await newRelay(() => status(503)), await newRelay({ a: record({ n: 3 }) })];
  const client = newClient({ relayUrl: first.url, fallbackUrls: [second.url, new URL(third.url)], retries: 0 });
  expect(await client.getRecord('a')).toEqual({ n: 3 });
  expect([first, second, third].map(({ souls }) => souls)).toEqual([['a'], ['a'], ['a']]);
});

test.each([
  ['http://us3r:s3cret@a'],
  [['http://us3r:s3cret@a\nhttp://b']],
  [[5]],
  [['http://a', null]],
  [null],
  [{}],
  [new Set(['http://us3r:s3cret@a'])],
])('fallbackUrls refuses %p and shows no credentials', (fallbackUrls) => {
  const error = thrownBy(() => newClient({ fallbackUrls }));
  expect(error).toMatchObject({ code: 'ERR_GUN_INVALID_ARGUMENT', message: expect.stringMatching(/^option fallbackUrls must be an array of/) });
  expect(error.message).not.toMatch(/s3cret|\n/);
});
