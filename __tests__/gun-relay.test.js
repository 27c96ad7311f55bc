'use strict';

const { put, startGunRelay } = require('../examples/relay');
const { newClient } = require('./helpers/setup');

const WAIT_MS = 700;

let relay;
let plain;
beforeAll(async () => {
  [relay, plain] = await Promise.all([startGunRelay({ waitMs: WAIT_MS }), startGunRelay({ waitMs: WAIT_MS, parse: false })]);
});
afterAll(() => Promise.all([relay.close(), plain.close()]));

const client = (options) => newClient({ relayUrl: relay.url, ...options });

describe('what the relay says', () => {
  const ask = async (path) => {
    const begun = performance.now();
    const response = await fetch(relay.url + path);
    return { status: response.status, body: await response.json(), ms: performance.now() - begun };
  };

  test('a soul that it has not got is Not found, after it has waited', async () => {
    const { status, body, ms } = await ask('/get?soul=nobody');
    expect([status, body]).toEqual([404, { error: 'Not found' }]);
    expect(ms).toBeGreaterThanOrEqual(WAIT_MS - 1);
  });

  test('a path that it does not know is a 404 too, and another one', async () => {
    expect(await ask('/nowhere')).toMatchObject({ status: 404, body: { error: 'Endpoint not found' } });
  });

  test('no soul is a 400', async () => {
    expect(await ask('/get')).toMatchObject({ status: 400, body: { error: 'Soul parameter required' } });
  });

  test('a put of bad JSON is a 400', async () => {
    const response = await fetch(`${relay.url}/put`, { method: 'POST', body: '{' });
    expect(response.status).toBe(400);
  });

  test('a publisher has a list', async () => {
    await put(relay.url, 'f3a9c1d27b40:listed', { n: 1 });
    expect(await ask('/list?publisherHash=f3a9c1d27b40')).toMatchObject({ body: { souls: ['f3a9c1d27b40:listed'] } });
  });
});

test('a stored record is found', async () => {
  await put(relay.url, 'f3a9c1d27b40:workout', { name: 'Legs', sets: 3, done: true });
  expect(await client().getRecord('f3a9c1d27b40:workout')).toEqual({ name: 'Legs', sets: 3, done: true });
});

test('a field set to null is left out', async () => {
  await put(relay.url, 'nulled', { a: 1, b: 2 });
  await put(relay.url, 'nulled', { b: null });
  expect(await client().getRecord('nulled')).toEqual({ a: 1 });
});

test('a nested object is a reference to a node of its own, which can be followed', async () => {
  await put(relay.url, 'nest', { name: 'x', meta: { cipher: 'aes', deep: { n: 1 } } });
  const gun = client();
  expect(await gun.getRecord('nest')).toEqual({ name: 'x', meta: { '#': 'nest/meta' } });
  expect(await gun.getRecord('nest/meta')).toEqual({ cipher: 'aes', deep: { '#': 'nest/meta/deep' } });
  expect(await gun.getRecord('nest', { resolveRefs: 2 })).toEqual({ name: 'x', meta: { cipher: 'aes', deep: { n: 1 } } });
});

test('strings of JSON are parsed, whether the relay does it or not', async () => {
  const record = { data: '{"sets":[1,2.50]}', oip: '{"did":"did:gun:x"}', note: '{"a":1}' };
  for (const { url } of [relay, plain]) {
    await put(url, 'strings', record);
    const expected = { data: { sets: [1, 2.5] }, oip: { did: 'did:gun:x' }, note: '{"a":1}' };
    expect(await newClient({ relayUrl: url }).getRecord('strings')).toEqual(expected);
  }
});

test('a missing soul, once put and invalidated, is found', async () => {
  const gun = client();
  expect(await gun.getRecord('late')).toBeNull();
  expect(await gun.getRecord('late')).toBeNull();
  await put(relay.url, 'late', { n: 1 });
  expect(gun.invalidate('late')).toBe(true);
  expect(await gun.getRecord('late')).toEqual({ n: 1 });
});

test('a soul put while a request for it waits is found by the call that comes after invalidate', async () => {
  const gun = client();
  const before = gun.getRecord('racing');
  await put(relay.url, 'racing', { n: 1 });
  gun.invalidate('racing');
  expect(await gun.getRecord('racing')).toEqual({ n: 1 });
  await before;
  expect(await gun.getRecord('racing')).toEqual({ n: 1 });
});

// GUN itself takes `#` for a content address and stores nothing there; the scripted relay sees that it arrives.
const ODD = ['with space', 'slash/within', 'a&b=c', '100%', 'a+b', 'workout 🏋️', 'q?x', 'é'];
test.each(ODD)('soul %j arrives unharmed', async (soul) => {
  await put(relay.url, soul, { soul });
  expect(await client().getRecord(soul)).toEqual({ soul });
});
