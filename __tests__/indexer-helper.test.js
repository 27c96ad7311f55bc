'use strict';

const { GunHelper } = require('../examples/indexer/helpers/gun');
const { relayOf } = require('../examples/indexer/helpers/relay');
const { closeEarly, drip, missing, record, stall, status } = require('./helpers/answers');
const { PATHS, capturedErrors } = require('./helpers/paths');
const { newRelay, rejectionOf } = require('./helpers/setup');

const STORED = status(200, { 'content-type': 'application/json' }, '{"success":true}');

let logged;
beforeEach(() => {
  logged = capturedErrors();
});

describe.each(Object.keys(PATHS))('on %s', (path) => {
  const setupHelper = async (script, options) => {
    // A put names its soul in its body; its URL has none.
    const relay = await newRelay({ null: STORED, ...script });
    return { relay, gun: new GunHelper({ client: PATHS[path](relay, options), relay: relayOf(relay.url) }) };
  };

  test('a record is itself, a missing one null, and nothing is logged', async () => {
    const { gun } = await setupHelper({ a: record({ n: 1 }) });
    expect([await gun.getRecord('a'), await gun.getRecord('gone')]).toEqual([{ n: 1 }, null]);
    expect(logged).toEqual([]);
  });

  test('a failure is null and a line in the log, byte for byte', async () => {
    const { relay, gun } = await setupHelper({ a: status(503) });
    expect(await gun.getRecord('a')).toBeNull();
    expect(relay.requests).toHaveLength(3);
    expect(logged.map((line) => line.replace(/in \d.*/, ''))).toEqual([
      `⚠️  Error in getRecord after 2 retries: relay ${relay.url} answered 503 for soul "a" (3 attempts `,
    ]);
  });

  test('getRecordOrThrow tells missing from failed', async () => {
    const { gun } = await setupHelper({ a: status(400), b: closeEarly() });
    expect(await gun.getRecordOrThrow('gone')).toBeNull();
    expect(await rejectionOf(gun.getRecordOrThrow('a'))).toMatchObject({ code: 'ERR_GUN_STATUS', status: 400, attempts: 1 });
    expect(await rejectionOf(gun.getRecordOrThrow('b'))).toMatchObject({ code: 'ERR_GUN_CONNECT', attempts: 3 });
    expect(logged).toEqual([]);
  });

  test('getRecords answers in order, asks for each soul once, and logs each failure once', async () => {
    const { relay, gun } = await setupHelper({ a: record({ n: 1 }), bad: status(400) });
    const answers = await gun.getRecords(['a', 'bad', 'gone', 'a', 'bad']);
    expect(answers).toMatchObject([{ n: 1 }, { code: 'ERR_GUN_STATUS' }, null, { n: 1 }, { code: 'ERR_GUN_STATUS' }]);
    expect(answers[0]).not.toBe(answers[3]);
    expect([...relay.souls].sort()).toEqual(['a', 'bad', 'gone']);
    expect(logged).toHaveLength(1);
  });

  test('a put clears the missing mark, that of each nested object too', async () => {
    const late = { a: [missing(), record({ n: 1 })], 'a/meta': [missing(), record({ m: 1 })], 'a/meta/x': [missing(), record({ x: 1 })] };
    const { gun } = await setupHelper(late);
    const souls = ['a', 'a/meta', 'a/meta/x'];
    expect(await gun.getRecords(souls)).toEqual([null, null, null]);
    await gun.putRecord('a', { meta: { m: 1, x: { x: 1 } } });
    expect(await gun.getRecords(souls)).toEqual([{ n: 1 }, { m: 1 }, { x: 1 }]);
  });

  test('a put that fails names relay, soul and status, and clears the mark: it may have been stored', async () => {
    const { relay, gun } = await setupHelper({ null: status(500), a: [missing(), record({ n: 1 })] });
    await gun.getRecord('a');
    const error = await rejectionOf(gun.putRecord('a', { n: 1 }));
    expect(error.message).toBe(`relay ${relay.url} did not store soul "a": 500`);
    expect(await gun.getRecord('a')).toEqual({ n: 1 });
  });

  test('a 404 that is not about the soul is a failure and marks nothing', async () => {
    const { relay, gun } = await setupHelper({ a: [status(404, {}, '{"error":"Endpoint not found"}'), record({ n: 1 })] });
    expect(await rejectionOf(gun.getRecordOrThrow('a'))).toMatchObject({ code: 'ERR_GUN_STATUS', status: 404, attempts: 1 });
    expect(await gun.getRecord('a')).toEqual({ n: 1 });
    expect(relay.requests).toHaveLength(2);
  });

  test('an answer to a request that began before a put is not remembered', async () => {
    const { relay, gun } = await setupHelper({ a: [missing(), record({ n: 1 })] });
    const gate = relay.hold(1);
    const before = gun.getRecord('a');
    await gate.reached(1);
    await gun.putSimple('a', { n: 1 });
    gate.open();
    expect(await before).toBeNull();
    expect(await gun.getRecord('a')).toEqual({ n: 1 });
  });

  test('a mark ends with its life, whatever the sweep does', async () => {
    const { relay, gun } = await setupHelper({}, { cache: { ttlMs: 30, capacity: 10 } });
    await gun.getRecord('a');
    while (relay.requests.length < 2) await gun.getRecord('a');
    expect(gun.cacheStats()).toMatchObject({ expirations: 1, inserts: 2, size: 1 });
  });

  describe('time and abort', () => {
    const setupQuick = (answer) => setupHelper({ a: answer }, { attemptTimeoutMs: 60, retries: 1 });

    test.each([
      ['silent', stall()],
      ['slow', drip(['{', ...Array(100).fill(' ')], 20)],
    ])('an answer that is %s is ended by the time of an attempt, and tried again', async (_what, answer) => {
      const { relay, gun } = await setupQuick(answer);
      expect(await rejectionOf(gun.getRecordOrThrow('a'))).toMatchObject({ code: 'ERR_GUN_TIMEOUT', attempts: 2, retryable: true });
      expect(relay.requests).toHaveLength(2);
    });

    test('the time of a call ends its last attempt, and leaves none for another', async () => {
      const { relay, gun } = await setupQuick(stall());
      expect(await rejectionOf(gun.getRecordOrThrow('a', { timeoutMs: 30 }))).toMatchObject({ code: 'ERR_GUN_TIMEOUT' });
      expect(relay.requests).toHaveLength(1);
    });

    test('an abort rejects with its reason', async () => {
      const { relay, gun } = await setupQuick(stall());
      const controller = new AbortController();
      const call = gun.getRecordOrThrow('a', { signal: controller.signal });
      await relay.hasRequests(1);
      controller.abort(new Error('enough'));
      expect(await rejectionOf(call)).toBe(controller.signal.reason);
      await relay.hasAbandoned(1);
    });
  });

  test('the statistics have one shape', async () => {
    const { gun } = await setupHelper({ a: record({ n: 1 }), bad: status(400) });
    await gun.getRecords(['a', 'gone', 'bad']);
    await gun.getRecord('gone');
    expect(gun.cacheStats()).toMatchObject({
      hits: 1, total: 4, hitRate: 0.25, size: 1, capacity: 10_000, ttlMs: 3_600_000,
      inserts: 1, evictions: 0, expirations: 0, invalidations: 0,
      requests: { sent: 3, coalesced: 0, retried: 0, inFlight: 0, queued: 0, found: 1, missing: 1, failed: { ERR_GUN_STATUS: 1 } },
    });
  });
});

describe('the relay', () => {
  test('is the first http(s) entry, with its path, its credentials apart', () => {
    const relay = relayOf('wss://peer.invalid, http://me:s%40fe@127.0.0.1:8765/gun/ ,http://other.invalid');
    expect(relay).toEqual({ url: 'http://127.0.0.1:8765/gun' });
    expect(relay.auth).toEqual({ username: 'me', password: 's@fe' });
    expect(JSON.stringify(relay)).not.toContain('s@fe');
    expect(relayOf(undefined).url).toBe('http://gun-relay:8765');
  });

  test('that is no URL is refused without showing it', () => {
    for (const peers of ['wss://me:secret@peer.invalid', 'http://me:secret@']) {
      expect(() => relayOf(peers)).toThrow(/^environment variable GUN_PEERS has no entry that is an http or https URL/);
    }
  });
});
