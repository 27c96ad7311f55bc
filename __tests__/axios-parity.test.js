'use strict';

const { missing, missingAfter, raw, record, recordText, stall, status } = require('./helpers/answers');
const { VERSIONS, freshAxios, installed, outcomeOf, setupAxios } = require('./helpers/axios');
const { newClient, rejectionOf } = require('./helpers/setup');

const JSON_TYPE = { 'content-type': 'application/json' };
const FAILED = status(500, JSON_TYPE, '{"error":"it broke"}');
const SCRIPT = { a: record({ n: 1, text: 'ü 😀', data: { deep: [1, null] } }), broken: FAILED, slow: stall() };
/** Attempts are not repeated here: plain axios repeats none. */
const ONCE = { retries: 0, breaker: false };

describe.each(VERSIONS)('%s', (version) => {
  /** The outcomes of a call with gun-native and without. */
  async function both(call, script = SCRIPT) {
    const context = await setupAxios(version, script, ONCE);
    const { axios, plain, relay, client, url } = context;
    const outcomes = { ours: await outcomeOf(call(axios, url), axios) };
    outcomes.viaGunNative = client.cacheStats().requests.sent;
    outcomes.plain = await outcomeOf(call(plain, url), plain);
    return { ...outcomes, relay };
  }

  test.each([
    ['found', 'a', {}],
    ['found, as text', 'a', { responseType: 'text' }],
    ['found, as text that is not parsed', 'a', { responseType: 'text', transformResponse: [(text) => `<${text}>`] }],
    ['found, as bytes', 'a', { responseType: 'arraybuffer' }],
    ['found, with a transformResponse', 'a', { transformResponse: [(text) => JSON.parse(text).data.n] }],
    ['missing', 'gone', {}],
    ['missing, as bytes', 'gone', { responseType: 'arraybuffer' }],
    ['missing, accepted by validateStatus', 'gone', { validateStatus: (code) => code < 500 }],
    ['missing, accepted by a validateStatus of null', 'gone', { validateStatus: null }],
    ['beyond maxContentLength', 'a', { maxContentLength: 10 }],
    ['within maxContentLength, in bytes', 'a', { maxContentLength: 80 }],
    ['aborted before', 'a', { signal: AbortSignal.abort() }],
    ['with a timeout that does not pass', 'a', { timeout: 20_000 }],
  ])('%s: every member is that of axios alone', async (_what, soul, options) => {
    const { ours, plain } = await both((axios, url) => axios.get(url, { params: { soul }, ...options }));
    expect(ours).toEqual(plain);
  });

  test.each(['a', 'gone'])('%s is answered by gun-native', async (soul) => {
    const { viaGunNative } = await both((axios, url) => axios.get(url, { params: { soul } }));
    expect(viaGunNative).toBe(1);
  });

  test('a status is what axios has, but for the body, which has the form of the relay\'s', async () => {
    const { ours, plain } = await both((axios, url) => axios.get(url, { params: { soul: 'broken' } }));
    expect(plain.response.data).toEqual({ error: 'it broke' });
    expect(ours.response.data).toEqual({ error: expect.stringContaining('answered 500') });
    ours.response.data = plain.response.data;
    expect(ours).toEqual(plain);
  });

  test('a record that validateStatus refuses is an error, whose code axios did not have before 1.8', async () => {
    const { ours, plain } = await both((axios, url) => axios.get(url, { params: { soul: 'a' }, validateStatus: (code) => code === 404 }));
    expect(ours).toMatchObject({ code: 'ERR_BAD_RESPONSE', message: 'Request failed with status code 200' });
    expect({ ...ours, code: undefined }).toEqual({ ...plain, code: undefined });
  });

  test('a status that validateStatus accepts is a response', async () => {
    const { ours } = await both((axios, url) => axios.get(url, { params: { soul: 'broken' }, validateStatus: () => true }));
    expect(ours.response).toMatchObject({ status: 500, statusText: 'Internal Server Error' });
  });

  test('refused is what axios has, but for the message, which begins with the code', async () => {
    const { ours, plain } = await both((axios) => {
      if (axios.defaults.adapter instanceof Function) installed(axios, { peers: [newClient({ relayUrl: 'http://127.0.0.1:1', ...ONCE })] });
      return axios.get('http://127.0.0.1:1/get', { params: { soul: 'a' } });
    });
    expect(plain.message).toBe('connect ECONNREFUSED 127.0.0.1:1');
    expect(ours.message).toMatch(/^ECONNREFUSED: relay http:\/\/127\.0\.0\.1:1 could not be reached/);
    // After a refusal axios hands out the request of follow-redirects, whose members differ.
    expect(ours.request).toMatchObject({ method: 'GET', path: '/get?soul=a' });
    expect({ ...ours, message: '', request: {} }).toEqual({ ...plain, message: '', request: {} });
  });

  test.each([
    ['ECONNABORTED', {}],
    ['ETIMEDOUT', { transitional: { clarifyTimeoutError: true } }],
    ['ECONNABORTED', { timeoutErrorMessage: 'too late' }],
  ])('a timeout is what axios has: %s', async (code, options) => {
    const { ours, plain } = await both((axios, url) => axios.get(url, { params: { soul: 'slow' }, timeout: 50, ...options }));
    expect(ours.code).toBe(code);
    expect(ours).toEqual(plain);
  });

  test.each([
    ['signal', () => {
      const controller = new AbortController();
      return { options: { signal: controller.signal }, cancel: () => controller.abort(new Error('a reason that axios does not show')) };
    }],
    ['cancelToken', (axios) => {
      const source = axios.CancelToken.source();
      return { options: { cancelToken: source.token }, cancel: () => source.cancel('changed my mind') };
    }],
  ])('aborted by %s on its way: every member is that of axios alone', async (_what, make) => {
    const context = await setupAxios(version, SCRIPT, ONCE);
    const outcomes = [];
    for (const axios of [context.axios, context.plain]) {
      const { options, cancel } = make(axios);
      const call = axios.get(context.url, { params: { soul: 'slow' }, ...options });
      await context.relay.hasRequests(outcomes.length + 1);
      cancel();
      outcomes.push(await outcomeOf(call, axios));
    }
    await context.relay.hasAbandoned(2);
    const [ours, plain] = outcomes;
    expect(ours).toMatchObject({ name: 'CanceledError', code: 'ERR_CANCELED', isCanceled: true });
    expect(ours).toEqual(plain);
  });

  test('the GunError is the cause, and no logger walks into it', async () => {
    const { axios, url } = await setupAxios(version, SCRIPT, ONCE);
    const error = await rejectionOf(axios.get(url, { params: { soul: 'broken' } }));
    expect(error.cause).toMatchObject({ name: 'GunError', code: 'ERR_GUN_STATUS', status: 500, soul: 'broken' });
    expect(Object.keys(error)).not.toContain('cause');
    expect(error.toJSON()).toMatchObject({ code: 'ERR_BAD_RESPONSE', status: 500 });
  });

  test.each([
    ['what is not JSON', raw('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n?'), {}],
    ['a body beyond the client\'s limit', record({ text: 'x'.repeat(100) }), { maxBodyBytes: 64 }],
  ])('%s is ERR_BAD_RESPONSE', async (_what, answer, options) => {
    const { axios, url } = await setupAxios(version, { a: answer }, { ...ONCE, ...options });
    expect(await rejectionOf(axios.get(url, { params: { soul: 'a' } }))).toMatchObject({ code: 'ERR_BAD_RESPONSE', isAxiosError: true });
  });

  test('the client\'s own time is ECONNABORTED too, and says what it was', async () => {
    const { axios, url } = await setupAxios(version, SCRIPT, { ...ONCE, timeoutMs: 50 });
    const error = await rejectionOf(axios.get(url, { params: { soul: 'slow' } }));
    expect(error).toMatchObject({ code: 'ECONNABORTED', cause: { code: 'ERR_GUN_TIMEOUT' } });
    expect(error.message).toBe(error.cause.message);
  });

  test('an open circuit and a full queue are network errors', async () => {
    const { axios, relay, url } = await setupAxios(version, SCRIPT, { retries: 0, breaker: { failures: 1, afterMs: 0 }, maxInFlight: 1, maxQueue: 0 });
    const signal = new AbortController();
    const first = axios.get(url, { params: { soul: 'slow' }, signal: signal.signal });
    await relay.hasRequests(1);
    const full = await rejectionOf(axios.get(url, { params: { soul: 'a' } }));
    expect(full).toMatchObject({ code: 'ERR_NETWORK', cause: { code: 'ERR_GUN_OVERLOADED' } });
    signal.abort();
    await rejectionOf(first);
    await rejectionOf(axios.get(url, { params: { soul: 'broken' } }));
    const open = await rejectionOf(axios.get(url, { params: { soul: 'a' } }));
    expect(open).toMatchObject({ code: 'ERR_NETWORK', cause: { code: 'ERR_GUN_CIRCUIT_OPEN' } });
    expect(open.request).toMatchObject({ path: '/get?soul=a' });
    expect(open.response).toBeUndefined();
  });

  test('numbers beyond 2^53, key order and __proto__ reach transformResponse as the relay wrote them', async () => {
    const text = '{"z":1,"a":12345678901234567890,"__proto__":{"x":1}}';
    const { axios, url } = await setupAxios(version, { a: recordText(text) }, ONCE);
    const { data } = await axios.get(url, { params: { soul: 'a' }, responseType: 'text', transformResponse: [] });
    expect(data).toBe(`{"success":true,"data":${text}}`);
  });

  test('an interceptor that reads and then empties error.response, as the host has one, sees each error anew', async () => {
    const { axios, url, relay } = await setupAxios(version, { gone: missingAfter(1) }, ONCE);
    const seen = [];
    axios.interceptors.response.use((response) => response, (error) => {
      seen.push([error.response.status, error.response.config.url, error.response.data.error]);
      error.response.data = null;
      error.response = null;
      return Promise.reject(error);
    });
    const calls = [0, 1, 2].map(() => rejectionOf(axios.get(url, { params: { soul: 'gone' } })));
    for (const error of await Promise.all(calls)) expect(error.response).toBeNull();
    await rejectionOf(axios.get(url, { params: { soul: 'gone' } }));
    expect(seen).toEqual(Array(4).fill([404, url, 'Not found']));
    expect(relay.requests).toHaveLength(1);
  });

  test('a peer\'s 500 for a missing soul is a 404', async () => {
    const peer = status(500, JSON_TYPE, '{"error":"Request failed with status code 404","success":false}');
    const { axios, url } = await setupAxios(version, { gone: peer }, ONCE);
    const error = await rejectionOf(axios.get(url, { params: { soul: 'gone' } }));
    expect(error.response).toMatchObject({ status: 404, data: { error: 'Not found' } });
  });

  test('records are not shared between callers', async () => {
    const { axios, url } = await setupAxios(version, { a: record({ n: 1 }), b: missing() }, ONCE);
    const [one, other] = await Promise.all([0, 1].map(() => axios.get(url, { params: { soul: 'a' } })));
    one.data.data.n = 2;
    expect(other.data.data.n).toBe(1);
  });
});

test('two copies of axios keep their own classes of errors', () => {
  const [one, other] = [freshAxios('axios'), freshAxios('axios')];
  expect(one.AxiosError).not.toBe(other.AxiosError);
});
