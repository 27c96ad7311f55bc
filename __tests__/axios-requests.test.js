'use strict';

// Which requests gun-native answers, and which go to the adapter that was there before. A request that axios sent has a
// User-Agent of axios.

const { record, status } = require('./helpers/answers');
const { VERSIONS, freshAxios, installed, setupAxios } = require('./helpers/axios');
const { newClient, newRelay, rejectionOf, thrownBy } = require('./helpers/setup');
const { install } = require('../axios');

const SOUL = 'f3a9c1d27b40:a b/c#d&e%f+g ü 😀';
const OK = status(200, { 'content-type': 'application/json' }, '{"success":true,"data":{"n":1}}');
const script = () => OK;

/** Who sent each request that reached a relay. */
function sendersOf({ requests }) {
  return requests.map(({ headers }) => (/^axios\//.test(headers['user-agent']) ? 'axios' : 'gun-native'));
}

describe.each(VERSIONS)('%s', (version) => {
  const setup = () => setupAxios(version, script);

  const GETS = {
    'params': (axios, base) => axios.get(`${base}/get`, { params: { soul: SOUL } }),
    'params of URLSearchParams': (axios, base) => axios.get(`${base}/get`, { params: new URLSearchParams({ soul: SOUL }) }),
    'the soul in the URL': (axios, base) => axios.get(`${base}/get?soul=${encodeURIComponent(SOUL)}`),
    'a fragment after the URL': (axios, base) => axios.get(`${base}/get?soul=${encodeURIComponent(SOUL)}#part`),
    'baseURL': (axios, base) => axios.get('/get', { baseURL: base, params: { soul: SOUL } }),
    'baseURL alone': (axios, base) => axios.create({ baseURL: `${base}/get` }).get('', { params: { soul: SOUL } }),
    'a paramsSerializer': (axios, base) => axios.get(`${base}/get`, {
      params: { of: SOUL }, paramsSerializer: { serialize: ({ of }) => `soul=${encodeURIComponent(of)}` },
    }),
    'request()': (axios, base) => axios.request({ url: `${base}/get`, params: { soul: SOUL } }),
    'the function itself': (axios, base) => axios(`${base}/get`, { params: { soul: SOUL }, method: 'GET' }),
    'agents on the defaults, as the host has them': (axios, base) => {
      axios.defaults.httpAgent = new (require('http').Agent)({ keepAlive: true });
      return axios.get(`${base}/get`, { params: { soul: SOUL } });
    },
    'a param that is undefined beside it': (axios, base) => axios.get(`${base}/get`, { params: { soul: SOUL, x: undefined } }),
  };

  test.each(Object.keys(GETS))('answered: %s', async (name) => {
    const { axios, relay } = await setup();
    const { data } = await GETS[name](axios, relay.url);
    expect(data).toEqual({ success: true, data: { n: 1 } });
    expect(sendersOf(relay)).toEqual(['gun-native']);
    expect(relay.souls).toEqual([SOUL]);
  });

  const OTHERS = {
    'a repeated soul': (axios, base) => axios.get(`${base}/get`, { params: new URLSearchParams('soul=a&soul=b') }),
    'a list of souls': (axios, base) => axios.get(`${base}/get`, { params: { soul: ['a', 'b'] } }),
    'a further parameter': (axios, base) => axios.get(`${base}/get`, { params: { soul: 'a', x: 1 } }),
    'no soul': (axios, base) => axios.get(`${base}/get`),
    'an empty soul': (axios, base) => axios.get(`${base}/get`, { params: { soul: '' } }),
    'a soul beyond 4,096 bytes': (axios, base) => axios.get(`${base}/get`, { params: { soul: 'x'.repeat(4097) } }),
    'another path': (axios, base) => axios.get(`${base}/list`, { params: { publisherHash: 'a' } }),
    'a longer path': (axios, base) => axios.get(`${base}/gun-relay/get`, { params: { soul: 'a' } }),
    'get in the soul alone': (axios, base) => axios.get(`${base}/not?soul=/get`),
    'a path that only ends alike': (axios, base) => axios.get(`${base}/forget`, { params: { soul: 'a' } }),
    'another method': (axios, base) => axios.head(`${base}/get`, { params: { soul: 'a' } }),
    'POST to get': (axios, base) => axios.post(`${base}/get?soul=a`, {}),
    'a stream': (axios, base) => axios.get(`${base}/get`, { params: { soul: 'a' }, responseType: 'stream' }).then(({ data }) => data.resume()),
    'another encoding': (axios, base) => axios.get(`${base}/get`, { params: { soul: 'a' }, responseEncoding: 'latin1' }),
    'auth': (axios, base) => axios.get(`${base}/get`, { params: { soul: 'a' }, auth: { username: 'u', password: 'p' } }),
    'credentials in the URL': (axios, base) => axios.get(`${base.replace('//', '//u:p@')}/get`, { params: { soul: 'a' } }),
    'a header': (axios, base) => axios.get(`${base}/get`, { params: { soul: 'a' }, headers: { authorization: 'Bearer x' } }),
    'cache-control': (axios, base) => axios.get(`${base}/get`, { params: { soul: 'a' }, headers: { 'cache-control': 'no-cache' } }),
    'a body': (axios, base) => axios.get(`${base}/get`, { params: { soul: 'a' }, data: '{}' }),
    'progress': (axios, base) => axios.get(`${base}/get`, { params: { soul: 'a' }, onDownloadProgress() {} }),
    'an adapter of its own': (axios, base) => axios.get(`${base}/get`, { params: { soul: 'a' }, adapter: 'http' }),
  };

  test.each(Object.keys(OTHERS))('passed on: %s', async (name) => {
    const { axios, relay } = await setup();
    await OTHERS[name](axios, relay.url);
    expect(sendersOf(relay)).toEqual(['axios']);
  });

  test('a bad timeout is said by axios, as before', async () => {
    const { axios, url } = await setup();
    const error = await rejectionOf(axios.get(url, { params: { soul: 'a' }, timeout: 'soon' }));
    expect(error).toMatchObject({ code: 'ERR_BAD_OPTION_VALUE', message: 'error trying to parse `config.timeout` to int' });
  });

  test('another relay is passed on, until it is a peer', async () => {
    const { axios } = await setup();
    const peer = await newRelay(script);
    await axios.get(`${peer.url}/get`, { params: { soul: 'a' } });
    installed(axios, { peers: [peer.url] });
    await axios.get(`${peer.url}/get`, { params: { soul: 'a' } });
    expect(sendersOf(peer)).toEqual(['axios', 'gun-native']);
  });

  test.each([
    ['a string', (url) => url],
    ['a string with a slash at its end', (url) => `${url}/`],
    ['a URL', (url) => new URL(url)],
    ['a GunClient', (url) => newClient({ relayUrl: url })],
  ])('a peer with a path may be %s', async (_what, peerOf) => {
    const { axios } = await setup();
    const peer = await newRelay(script);
    installed(axios, { peers: [peerOf(`${peer.url}/gun-relay`)] });
    await axios.get(`${peer.url}/gun-relay/get`, { params: { soul: 'a' } });
    await axios.get(`${peer.url}/get`, { params: { soul: 'a' } });
    expect(peer.requests.map(({ url }) => url)).toEqual(['/gun-relay/get?soul=a', '/get?soul=a']);
    expect(sendersOf(peer)).toEqual(['gun-native', 'axios']);
  });

  test('a peer with credentials only answers requests with the same credentials', async () => {
    const { axios } = await setup();
    const peer = await newRelay(script);
    const withCredentials = peer.url.replace('//', '//u:p@');
    installed(axios, { peers: [withCredentials] });
    await axios.get(`${withCredentials}/get`, { params: { soul: 'a' } });
    await axios.get(`${peer.url}/get`, { params: { soul: 'a' } });
    expect(sendersOf(peer)).toEqual(['gun-native', 'axios']);
    expect(peer.requests.map(({ headers }) => headers.authorization)).toEqual(['Basic dTpw', undefined]);
  });

  test('a relay that is both the client\'s and a peer is the client\'s', async () => {
    const { axios, client, relay, url } = await setup();
    installed(axios, { client, peers: [relay.url] });
    await axios.get(url, { params: { soul: 'a' } });
    expect(client.cacheStats().requests.sent).toBe(1);
  });

  test('a closed client leaves its relay to axios', async () => {
    const { axios, client, relay, url } = await setup();
    await client.close();
    await axios.get(url, { params: { soul: 'a' } });
    expect(sendersOf(relay)).toEqual(['axios']);
  });

  test('requests for one soul at the same time are one request', async () => {
    const { axios, relay, url } = await setup();
    const gate = relay.hold();
    const calls = Array.from({ length: 10 }, () => axios.get(url, { params: { soul: 'a' } }));
    await gate.reached(1);
    gate.open();
    await Promise.all(calls);
    expect(relay.requests).toHaveLength(1);
  });
});

test.each([
  [undefined, undefined, 'axios must be the axios module (1.5 or newer) or an instance of it, got undefined'],
  [{}, undefined, 'axios must be the axios module (1.5 or newer) or an instance of it, got an object'],
  ['axios', null, 'options must be an object, got null'],
  ['axios', { client: {} }, 'option client must be a GunClient, got an object'],
  ['axios', { peers: 'https://node.example' }, 'option peers must be an array, got "https://node.example"'],
  ['axios', { peers: [5] }, 'option peers must contain URLs or GunClients, got 5'],
  ['axios', { peers: ['node.example'] }, 'option relayUrl must be '],
])('install(%s, %j) is refused and changes nothing', (axios, options, message) => {
  const given = axios === 'axios' ? freshAxios('axios') : axios;
  const before = given && given.defaults && given.defaults.adapter;
  const error = thrownBy(() => install(given, options));
  expect(error).toMatchObject({ code: 'ERR_GUN_INVALID_ARGUMENT', message: expect.stringContaining(message) });
  if (before) expect(given.defaults.adapter).toBe(before);
});

test('a record of a peer goes through as text: numbers and key order are kept', async () => {
  const { axios, url } = await setupAxios('axios', { a: record({ b: 1, a: 2 }) });
  const { data } = await axios.get(url, { params: { soul: 'a' }, responseType: 'arraybuffer' });
  expect(String(data)).toBe('{"success":true,"data":{"b":1,"a":2}}');
});
