'use strict';

const { newClient, newRelay, setup, thrownBy } = require('./helpers/setup');

test.each([
  ['', '/get?soul=a'],
  ['/', '/get?soul=a'],
  ['/gun', '/gun/get?soul=a'],
  ['/gun/', '/gun/get?soul=a'],
  ['/gun/relay', '/gun/relay/get?soul=a'],
  ['/with%20space', '/with%20space/get?soul=a'],
])('a relay at path %j is asked at %j', async (path, asked) => {
  const relay = await newRelay();
  await newClient({ relayUrl: relay.url + path }).getRecord('a');
  expect(relay.requests[0]).toMatchObject({ method: 'GET', url: asked });
});

test('the scheme may be in capitals, the host a name', async () => {
  const { relay } = await setup();
  const port = new URL(relay.url).port;
  const client = newClient({ relayUrl: `HTTP://LOCALHOST:${port}` });
  expect(await client.getRecord('a')).toBeNull();
  expect(relay.requests[0].headers.host).toBe(`localhost:${port}`);
});

test.each([
  '', 'gun-relay', 'gun-relay:8765', '//gun-relay:8765', '/gun', 'http://', 'http://a:99999', 'http://a b',
  'ftp://gun-relay', 'ws://gun-relay', 'file:///gun', 'http://gun-relay?x=1', 'http://gun-relay?', 'http://gun-relay/#x',
  5, null, true, {}, Symbol('url'),
])('%p is no relayUrl', (relayUrl) => {
  const error = thrownBy(() => newClient({ relayUrl }));
  expect(error).toMatchObject({ name: 'GunError', code: 'ERR_GUN_INVALID_ARGUMENT' });
  expect(error.message).toMatch(/relayUrl must be .*http/);
  // A query may hold a key.
  if (typeof relayUrl === 'string') expect(error.message).toContain(JSON.stringify(relayUrl.replace(/([?#]).*/, '$1***')));
});
