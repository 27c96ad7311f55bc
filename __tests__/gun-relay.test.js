'use strict';

const http = require('http');
const net = require('net');
const { once } = require('events');
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
  const ask = async (path, init) => {
    const begun = performance.now();
    const response = await fetch(relay.url + path, init);
    const { status, headers } = response;
    return { status, headers, body: await response.json(), ms: performance.now() - begun };
  };
  const putOf = (body) => ask('/put', { method: 'POST', body: JSON.stringify(body) });

  test('a soul that it does not have is Not found, after it has waited', async () => {
    const { status, body, ms } = await ask('/get?soul=nobody');
    expect([status, body]).toEqual([404, { error: 'Not found' }]);
    expect(ms).toBeGreaterThanOrEqual(WAIT_MS - 1);
  });

  test('a path that it does not know is a 404 too, another one, and at once', async () => {
    const answer = await ask('/nowhere');
    expect(answer).toMatchObject({ status: 404, body: { error: 'Endpoint not found' } });
    expect(answer.ms).toBeLessThan(WAIT_MS);
  });

  test('no soul is a 400', async () => {
    expect(await ask('/get')).toMatchObject({ status: 400, body: { error: 'Soul parameter required' } });
  });

  test('a put is answered with its soul, some 100 ms after the write', async () => {
    const { status, body, ms } = await putOf({ soul: 'answered', data: { n: 1 } });
    expect([status, body]).toEqual([200, { success: true, soul: 'answered' }]);
    expect(ms).toBeGreaterThanOrEqual(99);
  });

  test('a put of bad JSON is a 400', async () => {
    expect(await ask('/put', { method: 'POST', body: '{' })).toMatchObject({ status: 400 });
  });

  test.each([{}, { soul: 'x' }, { data: {} }, { soul: 7, data: {} }, { soul: 'x', data: 'text' }])('a put of %j is a 400', async (body) => {
    expect(await putOf(body)).toMatchObject({ status: 400 });
  });

  test('a body comes in chunks, uncompressed, over a connection kept for 5 s', async () => {
    await put(relay.url, 'headed', { n: 1 });
    const { headers } = await ask('/get?soul=headed', { headers: { 'accept-encoding': 'gzip, br' } });
    expect(Object.fromEntries(headers)).toMatchObject({ 'transfer-encoding': 'chunked', 'keep-alive': 'timeout=5' });
    expect(headers.has('content-length')).toBe(false);
    expect(headers.has('content-encoding')).toBe(false);
  });

  test('data and oip are parsed, unless an option keeps them as text', async () => {
    for (const { url } of [relay, plain]) await put(url, 'raw', { data: '[1]', oip: 'no JSON', note: '[1]' });
    const dataOf = async ({ url }) => (await (await fetch(`${url}/get?soul=raw`)).json()).data;
    expect(await dataOf(relay)).toEqual({ data: [1], oip: 'no JSON', note: '[1]' });
    expect(await dataOf(plain)).toEqual({ data: '[1]', oip: 'no JSON', note: '[1]' });
  });

  test('a request for nonsense does not end it', async () => {
    const { hostname, port } = new URL(relay.url);
    const socket = net.connect(port, hostname);
    socket.end('GET // HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n');
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 404 /);
  });

  test('a publisher has a list', async () => {
    await put(relay.url, 'f3a9c1d27b40:listed', { n: 1 });
    expect(await ask('/list?publisherHash=f3a9c1d27b40')).toMatchObject({ body: { souls: ['f3a9c1d27b40:listed'] } });
  });
});

test('ten callers of a missing soul are one request, never retried, and none once it is known', async () => {
  const gun = client();
  const before = await relay.requests();
  const answers = await Promise.all(Array.from({ length: 10 }, () => gun.getRecord('nobody at all')));
  expect(answers).toEqual(Array(10).fill(null));
  expect(await gun.getRecord('nobody at all')).toBeNull();
  expect((await relay.requests()) - before).toBe(1);
});

test('a put to an address with credentials and a path carries both', async () => {
  const asked = [];
  const server = http.createServer((request, response) => {
    asked.push([request.url, request.headers.authorization]);
    response.writeHead(asked.length === 1 ? 200 : 403).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = `127.0.0.1:${server.address().port}/base/`;
  try {
    await put(`http://me:s%40fe@${address}`, 'x', {});
    expect(asked).toEqual([['/base/put', `Basic ${Buffer.from('me:s@fe').toString('base64')}`]]);
    await expect(put(`http://me:s%40fe@${address}`, 'x', {})).rejects.toThrow(/^relay http:\/\/127\.0\.0\.1:\d+\/base answered 403/);
  } finally {
    server.close();
    server.closeAllConnections();
  }
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
