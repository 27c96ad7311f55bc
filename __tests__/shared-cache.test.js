'use strict';

const { fork } = require('child_process');
const { once } = require('events');
const { setTimeout: sleep } = require('timers/promises');
const { GunClient } = require('..');
const { missingAfter, record } = require('./helpers/answers');
const { ownEnvironment } = require('./helpers/child');
const { startClientProcess } = require('./helpers/client-process');
const { newRelay, until } = require('./helpers/setup');
const { describeWithValkey, startValkey } = require('./helpers/valkey');

/** What the relay takes for a missing soul; a fraction of the real 3 s. */
const SLOW_MS = 1_000;
const SOULS = Array.from({ length: 56 }, (_, number) => `exercise ${number}`);
/** For as many runs as a busy machine needs. */
const LIMIT_MS = 120_000;
/** For longer than entries are used without an answer of the store. */
const FROZEN_MS = 3_000;
const onUnix = process.platform === 'win32' ? test.skip : test;
const isConnected = ({ store }) => store.connected;

const open = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.stop()));
});

async function server() {
  const valkey = await startValkey();
  open.push(valkey);
  return valkey;
}

/** A process with a client that is connected to the store. */
async function clientProcess(relay, { url }) {
  const client = await startClientProcess({ relayUrl: relay.url, cache: { url } });
  open.unshift(client);
  await client.until(isConnected);
  return client;
}

/** A look-up took longer than calls wait for it, so its answer is in no store. */
class Late extends Error {}

/** Until the store has what this client learned, its generations beside: entries are sent after calls have settled. */
async function entries(valkey, count, client) {
  await until(async () => {
    await inTime(client);
    return (await valkey.command('DBSIZE')).startsWith(`:${count + 1}\r`);
  });
}

async function inTime(client) {
  if ((await client.call('cacheStats')).store.errors > 0) throw new Late('a look-up was late');
}

/** A test whose run does not count if the machine was too slow for a look-up. */
function sharedTest(name, run) {
  test(name, async () => {
    for (;;) {
      try {
        await run();
        return;
      } catch (error) {
        if (!(error instanceof Late)) throw error;
        await Promise.all(open.splice(0).map((one) => one.stop()));
      }
    }
  }, LIMIT_MS);
}

/** A relay that takes its time before it says that a soul is missing. */
function slowRelay(has = new Set()) {
  return newRelay((soul) => (has.has(soul) ? record({ soul }) : missingAfter(SLOW_MS)));
}

describeWithValkey()('two processes with one store', () => {
  sharedTest('56 missing souls requested in one, then in the other, are 56 requests', async () => {
    const relay = await slowRelay();
    const valkey = await server();
    const first = await clientProcess(relay, valkey);
    const second = await clientProcess(relay, valkey);
    expect(await first.call('getRecords', SOULS)).toEqual(SOULS.map(() => null));
    await entries(valkey, SOULS.length, first);
    expect(await second.call('getRecords', SOULS)).toEqual(SOULS.map(() => null));
    await inTime(second);
    expect(relay.requests).toHaveLength(SOULS.length);
    const { store, hits } = await second.call('cacheStats');
    expect({ store, hits }).toEqual({
      store: { kind: 'shared', connected: true, loaded: SOULS.length, hits: SOULS.length, errors: 0 },
      hits: SOULS.length,
    });
  });

  sharedTest('a put in one is visible in the other as soon as flushed() has resolved', async () => {
    const has = new Set();
    const relay = await slowRelay(has);
    const valkey = await server();
    const first = await clientProcess(relay, valkey);
    const second = await clientProcess(relay, valkey);
    await first.call('getRecord', 'a');
    await entries(valkey, 1, first);
    expect(await second.call('getRecord', 'a')).toBeNull();
    await inTime(second);
    has.add('a');
    expect(await second.call('invalidate', 'a')).toBe(true);
    await second.call('flushed');
    await first.until(({ size }) => size === 0);
    expect(await first.call('getRecord', 'a')).toEqual({ soul: 'a' });
    expect(await second.call('getRecord', 'a')).toEqual({ soul: 'a' });
  });

  onUnix('a process that was frozen meanwhile asks again, also where it reads from JavaScript memory', async () => {
    const has = new Set();
    const relay = await slowRelay(has);
    const valkey = await server();
    const other = await clientProcess(relay, valkey);
    const options = JSON.stringify({ relayUrl: relay.url, cache: { url: valkey.url } });
    const reader = fork(require.resolve('./helpers/frozen-reader'), [options], { execArgv: [], env: ownEnvironment() });
    open.unshift({ stop: () => reader.kill('SIGKILL') });
    expect(await once(reader, 'message')).toEqual(['reading', undefined]);
    reader.kill('SIGSTOP');
    has.add('a');
    await other.call('invalidate', 'a');
    await other.call('flushed');
    await sleep(FROZEN_MS);
    reader.kill('SIGCONT');
    expect(await once(reader, 'message')).toEqual([{ answer: { soul: 'a' } }, undefined]);
  }, LIMIT_MS);

  test('a known-missing soul is answered from JavaScript memory, as without a store', async () => {
    const relay = await newRelay();
    const valkey = await server();
    const client = new GunClient({ relayUrl: relay.url, cache: { url: valkey.url }, logger: false });
    await until(() => isConnected(client.cacheStats()));
    await client.getRecord('a');
    const [handle] = Object.getOwnPropertySymbols(client).map((symbol) => client[symbol]).filter((member) => member && member.get);
    let crossings = 0;
    const { get } = handle;
    handle.get = (...args) => {
      crossings += 1;
      return get(...args);
    };
    for (let read = 0; read < 200; read += 1) expect(await client.getRecord('a')).toBeNull();
    expect(crossings).toBeLessThan(100);
    expect(client.cacheStats()).toMatchObject({ hits: 200, total: 201 });
    await client.close();
  });

  sharedTest('a restarted process starts with what was known', async () => {
    const relay = await slowRelay();
    const valkey = await server();
    const first = await clientProcess(relay, valkey);
    await first.call('getRecords', SOULS);
    await entries(valkey, SOULS.length, first);
    await first.kill();
    const again = await clientProcess(relay, valkey);
    expect(await again.call('getRecords', SOULS)).toEqual(SOULS.map(() => null));
    await inTime(again);
    expect(relay.requests).toHaveLength(SOULS.length);
  });

  sharedTest('without the store calls go on, flushed() rejects, and it is learned when the store is back', async () => {
    const has = new Set(['a']);
    const relay = await slowRelay(has);
    const valkey = await server();
    const client = await clientProcess(relay, valkey);
    await valkey.kill();
    await client.until(({ store }) => !store.connected);
    expect(await client.call('getRecords', ['a', 'b'])).toEqual([{ soul: 'a' }, null]);
    await client.call('invalidate', 'b');
    const error = await client.call('flushed').catch((reason) => reason);
    expect(error).toMatchObject({ code: 'ERR_GUN_CACHE_STORE' });
    expect(error.message).toMatch(/^cache store redis:\/\/127\.0\.0\.1:\d+\/0: invalidations are not confirmed after 2 s /);
    await valkey.restart();
    await client.until(isConnected);
    await client.call('flushed');
    expect(client.lines.map((line) => line.replace(valkey.port, 'PORT').replace(/[\d.]+ m?s;|\d+ operations?/g, '_'))).toEqual([
      expect.stringMatching(/^⚠️ {2}\[GUN 404 Cache\] the store redis:\/\/127\.0\.0\.1:PORT\/0 is lost: /),
      '✅ [GUN 404 Cache] the store redis://127.0.0.1:PORT/0 is back after _ _ failed',
    ]);
  });

  sharedTest('closing sends what is pending and keeps no connection', async () => {
    const relay = await slowRelay();
    const valkey = await server();
    const other = await clientProcess(relay, valkey);
    await other.call('getRecord', 'a');
    await entries(valkey, 1, other);
    const client = new GunClient({ relayUrl: relay.url, cache: { url: valkey.url }, logger: false });
    await until(() => isConnected(client.cacheStats()));
    client.invalidate('a');
    await client.close();
    await other.until(({ size }) => size === 0);
    await client.flushed();
    await until(async () => (await valkey.command('INFO', 'clients')).includes('connected_clients:2\r'));
  });
});

test('without a shared store flushed() resolves at once', async () => {
  const client = new GunClient({ relayUrl: 'http://127.0.0.1:9', logger: false });
  client.invalidate('a');
  await expect(client.flushed()).resolves.toBeUndefined();
  expect(client.cacheStats().store).toBeUndefined();
  await client.close();
});

test('a file and a shared store together are refused', () => {
  const cache = { file: '/tmp/unused', url: 'redis://user:SECRET@127.0.0.1' };
  expect(() => new GunClient({ cache })).toThrow(
    expect.objectContaining({
      code: 'ERR_GUN_INVALID_ARGUMENT',
      message: expect.stringMatching(/^cache\.file \(GUN_404_CACHE_FILE\) and cache\.url \(GUN_404_CACHE_URL\) cannot be used together/),
    }),
  );
});
