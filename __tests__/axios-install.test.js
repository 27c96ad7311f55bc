'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { missing, record, status } = require('./helpers/answers');
const { VERSIONS, freshAxios, installed, outcomeOf, setupAxios } = require('./helpers/axios');
const { ROOT, runFile, runNode } = require('./helpers/child');
const { newClient, newRelay, rejectionOf } = require('./helpers/setup');
const { install } = require('../axios');

const SCRIPT = { a: record({ n: 1 }), broken: status(400, { 'content-type': 'application/json' }, '{"error":"no"}') };
const STORED = status(200, { 'content-type': 'application/json' }, '{"success":true}');

describe.each(VERSIONS)('%s', (version) => {
  /** Requests that gun-native sent among those that a relay had. */
  const byGunNative = ({ requests }) => requests.filter(({ headers }) => !/^axios\//.test(headers['user-agent'])).length;

  test('instances created later are included, those created before are not until it is installed on them', async () => {
    const relay = await newRelay(SCRIPT);
    const client = newClient({ relayUrl: relay.url });
    const axios = freshAxios(version);
    const before = axios.create({ baseURL: relay.url });
    installed(axios, { client });
    const after = axios.create({ baseURL: relay.url });
    const get = async (instance) => (await instance.get('/get', { params: { soul: 'a' } })).data.data;
    expect(await get(after)).toEqual({ n: 1 });
    expect(byGunNative(relay)).toBe(1);
    await get(before);
    expect(byGunNative(relay)).toBe(1);
    installed(before, { client });
    expect(await get(before)).toEqual({ n: 1 });
    expect(byGunNative(relay)).toBe(2);
  });

  describe('on an instance', () => {
    async function setupInstance() {
      const relay = await newRelay(SCRIPT);
      const axios = freshAxios(version);
      const instance = axios.create({ baseURL: relay.url });
      const plain = axios.create({ baseURL: relay.url });
      installed(instance, { client: newClient({ relayUrl: relay.url }) });
      return { axios, instance, plain, relay };
    }

    const options = { params: { soul: 'gone' } };
    test.each([
      ['a record', (instance) => instance.get('/get', { params: { soul: 'a' } })],
      ['a missing soul', (instance) => instance.get('/get', options)],
      ['an abort', (instance) => instance.get('/get', { ...options, signal: AbortSignal.abort() })],
      ['what is passed on', (instance) => instance.get('/get', { params: { soul: 'a', x: 1 }, headers: { 'x-own': '1' } })],
      ['a failure that is passed on', (instance) => instance.get('/get', { params: { soul: 'broken', x: 1 } })],
      ['a post', (instance) => instance.post('/post', { n: [1] }, { transformResponse: [(text) => `<${text}>`] })],
    ])('every member is that of the same axios: %s', async (_what, call) => {
      const { axios, instance, plain, relay } = await setupInstance();
      const ours = await outcomeOf(call(instance), axios);
      expect(ours).toEqual(await outcomeOf(call(plain), axios));
      if (relay.requests.length > 1) expect(relay.requests[0].url).toBe(relay.requests[1].url);
    });

    test('its interceptors see each request once', async () => {
      const { instance } = await setupInstance();
      const seen = [];
      instance.interceptors.request.use((config) => {
        seen.push(config.url);
        return config;
      });
      await instance.get('/get', { params: { soul: 'a', x: 1 } }).catch(() => {});
      await instance.get('/get', { params: { soul: 'a' } });
      expect(seen).toEqual(['/get', '/get']);
    });

    test('a body, its headers and the config of the answer are as axios sends and gives them', async () => {
      const { instance, relay } = await setupInstance();
      const { config } = await instance.post('/post', { n: 1 }, { headers: { 'x-own': '1' }, validateStatus: () => true });
      expect(relay.requests[0].headers).toMatchObject({ 'content-type': 'application/json', 'content-length': '7', 'x-own': '1' });
      expect(config).toMatchObject({ url: '/post', data: '{"n":1}' });
      expect(config.adapter).toBe(instance.defaults.adapter);
    });
  });

  test('undone, everything is as before, for instances created meanwhile too', async () => {
    const relay = await newRelay(SCRIPT);
    const axios = freshAxios(version);
    const { adapter } = axios.defaults;
    const undo = install(axios, { client: newClient({ relayUrl: relay.url }) });
    const meanwhile = axios.create();
    await undo();
    expect(axios.defaults.adapter).toBe(adapter);
    for (const instance of [axios, meanwhile]) await instance.get(`${relay.url}/get`, { params: { soul: 'a' } });
    expect(byGunNative(relay)).toBe(0);
  });

  test('undo lets calls to peers end and closes what install had made', async () => {
    const peer = await newRelay(SCRIPT);
    const gate = peer.hold();
    const axios = freshAxios(version);
    const undo = install(axios, { peers: [peer.url] });
    const call = axios.get(`${peer.url}/get`, { params: { soul: 'a' } });
    await gate.reached(1);
    const undone = undo();
    gate.open();
    expect((await call).data.data).toEqual({ n: 1 });
    await undone;
    await peer.hasNoSockets();
  });

  test.each([['first', [0, 1]], ['last', [1, 0]]])('installed twice, each is undone by itself, the %s before the other', async (_what, order) => {
    const relays = [await newRelay(SCRIPT), await newRelay(SCRIPT)];
    const axios = freshAxios(version);
    const { adapter } = axios.defaults;
    const undos = relays.map(({ url }) => install(axios, { client: newClient({ relayUrl: url }) }));
    const ask = async () => {
      for (const { url } of relays) await axios.get(`${url}/get`, { params: { soul: 'a' } });
      return relays.map((relay) => byGunNative(relay));
    };
    expect(await ask()).toEqual([1, 1]);
    await undos[order[0]]();
    expect(await ask()).toEqual(order[0] === 0 ? [1, 2] : [2, 1]);
    await undos[order[1]]();
    await undos[order[1]]();
    expect(await ask()).toEqual(order[0] === 0 ? [1, 2] : [2, 1]);
    expect(order[0] === 1).toBe(axios.defaults.adapter === adapter);
  });

  test('the previous adapter gets requests that are passed on', async () => {
    const axios = freshAxios(version);
    const seen = [];
    axios.defaults.adapter = async (config) => {
      seen.push(config.url);
      return { data: 'own', status: 200, statusText: 'OK', headers: {}, config };
    };
    installed(axios, { client: newClient() });
    expect((await axios.get('http://127.0.0.1:1/other')).data).toBe('own');
    expect(seen).toEqual(['http://127.0.0.1:1/other']);
  });

  describe('a put', () => {
    /** A soul is missing until it was put; `answer` is what the relay says to the put. */
    async function setupPut(answer = STORED) {
      const isThere = new Set();
      const context = await setupAxios(version, (soul) => {
        if (soul === null) return answer;
        return isThere.has(soul) ? record({ n: 1 }) : missing();
      });
      const read = async (soul) => {
        const { data } = await context.axios.get(context.url, { params: { soul }, validateStatus: () => true });
        return data.data || null;
      };
      return { ...context, isThere, read };
    }

    test.each([
      ['an object', (body) => body],
      ['a string', (body) => JSON.stringify(body)],
      ['bytes', (body) => Buffer.from(JSON.stringify(body))],
    ])('of %s is sent by axios and shows at once', async (_what, bodyOf) => {
      const { axios, relay, isThere, read } = await setupPut();
      expect(await read('a')).toBeNull();
      isThere.add('a');
      const { data } = await axios.post(`${relay.url}/put`, bodyOf({ soul: 'a', data: { n: 1 } }));
      expect(data).toEqual({ success: true });
      expect(await read('a')).toEqual({ n: 1 });
    });

    test('shows the nested objects too, which are nodes of their own', async () => {
      const { axios, relay, isThere, read } = await setupPut();
      const souls = ['a', 'a/meta', 'a/meta/x'];
      for (const soul of souls) expect(await read(soul)).toBeNull();
      for (const soul of souls) isThere.add(soul);
      await axios.post(`${relay.url}/put`, { soul: 'a', data: { meta: { x: { n: 1 } } } });
      for (const soul of souls) expect(await read(soul)).toEqual({ n: 1 });
    });

    test('that failed may have been stored, and invalidates as well', async () => {
      const { axios, relay, isThere, read } = await setupPut(status(500));
      expect(await read('a')).toBeNull();
      isThere.add('a');
      await rejectionOf(axios.post(`${relay.url}/put`, { soul: 'a', data: {} }));
      expect(await read('a')).toEqual({ n: 1 });
    });

    test('an answer that began before it is not given to later readers', async () => {
      const { axios, relay, isThere, read } = await setupPut();
      const gate = relay.hold(1);
      const early = read('a');
      await gate.reached(1);
      isThere.add('a');
      await axios.post(`${relay.url}/put`, { soul: 'a', data: {} });
      expect(await read('a')).toEqual({ n: 1 });
      gate.open();
      await early;
    });

    test.each([[undefined], ['no JSON'], ['null'], [{ data: {} }], [{ soul: 5 }], [new URLSearchParams('soul=a')]])('of %j is the relay\'s to judge', async (body) => {
      const { axios, relay } = await setupPut();
      expect((await axios.post(`${relay.url}/put`, body)).data).toEqual({ success: true });
      expect(relay.requests.map(({ url }) => url)).toEqual(['/put']);
    });
  });
});

test.each(VERSIONS)('%s: without options it only answers for the default client\'s relay, with its credentials', async (version) => {
  const relay = await newRelay(SCRIPT);
  const other = await newRelay(SCRIPT);
  const source = `
    const axios = require('${version}');
    require('./axios').install(axios);
    const gun = require('./index.js');
    (async () => {
      for (const base of process.argv.slice(1)) await axios.get(base + '/get', { params: { soul: 'a' } });
      console.log(gun.cacheStats().total);
    })();
  `;
  const withCredentials = relay.url.replace('//', '//u:p@');
  const env = { GUN_PEERS: `${withCredentials},${other.url}` };
  const bases = [withCredentials, other.url].map((base) => JSON.stringify(base)).join();
  const { stdout, stderr } = await runNode(source.replace('process.argv.slice(1)', `[${bases}]`), { env });
  expect([stdout, stderr]).toEqual(['1\n', '']);
  expect(relay.requests[0].headers).toMatchObject({ authorization: 'Basic dTpw' });
  expect(relay.requests[0].headers['user-agent']).not.toMatch(/^axios/);
});

test('a bad environment is thrown by install, with its name', async () => {
  const { code, stderr } = await runNode('require("./axios").install(require("axios"))', { env: { GUN_RETRIES: 'many' } });
  expect(code).toBe(1);
  expect(stderr).toContain('environment variable GUN_RETRIES must be ');
});

test('it keeps no process alive', async () => {
  const { code, ms } = await runNode('require("./axios").install(require("axios"), { peers: ["http://127.0.0.1:1"] })');
  expect(code).toBe(0);
  expect(ms).toBeLessThan(20_000);
});

describe('the subpath', () => {
  let directory;
  beforeAll(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-axios-'));
    fs.mkdirSync(path.join(directory, 'node_modules'));
    fs.symlinkSync(ROOT, path.join(directory, 'node_modules/gun-native'), 'junction');
    for (const version of VERSIONS) fs.symlinkSync(path.join(ROOT, 'node_modules', version), path.join(directory, 'node_modules', version), 'junction');
  });
  afterAll(() => fs.rmSync(directory, { recursive: true }));

  const run = (name, source, relay, flags) => {
    const file = path.join(directory, name);
    fs.writeFileSync(file, source);
    return runFile(file, { env: { GUN_PEERS: relay.url }, flags });
  };

  test.each(VERSIONS)('loads as a module beside %s as a module, whose classes of errors it uses', async (version) => {
    const relay = await newRelay(SCRIPT);
    const { stdout, stderr } = await run('app.mjs', `
      import axios, { AxiosError, CanceledError } from '${version}';
      import * as namespace from '${version}';
      import { install } from 'gun-native/axios';
      const early = axios.create();
      install(namespace);
      install(early);
      for (const instance of [axios, early]) {
        const url = process.env.GUN_PEERS + '/get';
        const { data } = await instance.get(url, { params: { soul: 'a' } });
        const missing = await instance.get(url, { params: { soul: 'gone' } }).catch((error) => error);
        const aborted = await instance.get(url, { params: { soul: 'gone' }, signal: AbortSignal.abort() }).catch((error) => error);
        console.log(data.data.n, missing instanceof AxiosError, aborted instanceof CanceledError);
      }
    `, relay);
    expect([stdout, stderr]).toEqual(['1 true true\n1 true true\n', '']);
    expect(relay.souls).toEqual(['a', 'gone', 'a']);
  });

  test('loads by require', async () => {
    const relay = await newRelay(SCRIPT);
    const { stdout, stderr } = await run('app.cjs', `
      const axios = require('axios');
      require('gun-native/axios').install(axios);
      axios.get(process.env.GUN_PEERS + '/get', { params: { soul: 'a' } }).then(({ data }) => console.log(data.data.n));
    `, relay);
    expect([stdout, stderr]).toEqual(['1\n', '']);
  });
});
