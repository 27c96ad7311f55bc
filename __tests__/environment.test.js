'use strict';

const { missing, stall, status } = require('./helpers/answers');
const { runNode } = require('./helpers/child');
const { newRelay } = require('./helpers/setup');

/** What one call of the default client comes to, under this environment. */
async function callWith(env, script = `gun.getRecord('a')`) {
  const source = `
    const gun = require('./index.js');
    ${script}.then((value) => ({ value }), ({ code, attempts, message }) => ({ code, attempts, message }))
      .then((outcome) => console.log(JSON.stringify(outcome)));
  `;
  const { code, stdout, stderr } = await runNode(source, { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

const capacityAndLife = `(async () => { const { capacity, ttlMs } = gun.cacheStats(); return { capacity, ttlMs }; })()`;

describe('a good value is used', () => {
  test('GUN_404_CACHE_SIZE and GUN_404_CACHE_TTL_MS', async () => {
    const env = { GUN_404_CACHE_SIZE: '7', GUN_404_CACHE_TTL_MS: '1234' };
    expect(await callWith(env, capacityAndLife)).toEqual({ value: { capacity: 7, ttlMs: 1_234 } });
  });

  test('GUN_404_CACHE_SWEEP_MS', async () => {
    const relay = await newRelay({ a: missing() });
    const env = { GUN_PEERS: relay.url, GUN_404_CACHE_TTL_MS: '1', GUN_404_CACHE_SWEEP_MS: '20', GUN_NATIVE_LOG: 'off' };
    const swept = `gun.getRecord('a').then(() => new Promise((resolve) => {
      const wait = setInterval(() => gun.cacheStats().expirations === 1 && resolve(clearInterval(wait)), 5);
    }))`;
    expect(await callWith(env, swept)).toEqual({});
  });

  test('GUN_404_CACHE_SIZE of 0 turns the cache off', async () => {
    const relay = await newRelay({ a: missing() });
    const env = { GUN_PEERS: relay.url, GUN_404_CACHE_SIZE: '0' };
    await callWith(env, `gun.getRecord('a').then(() => gun.getRecord('a'))`);
    expect(relay.requests).toHaveLength(2);
  });

  test('GUN_ATTEMPT_TIMEOUT_MS', async () => {
    const relay = await newRelay({ a: stall() });
    const env = { GUN_PEERS: relay.url, GUN_ATTEMPT_TIMEOUT_MS: '50', GUN_RETRIES: '1' };
    expect(await callWith(env)).toMatchObject({ code: 'ERR_GUN_TIMEOUT', attempts: 2 });
  });

  test('GUN_TIMEOUT_MS', async () => {
    const relay = await newRelay({ a: stall() });
    expect(await callWith({ GUN_PEERS: relay.url, GUN_TIMEOUT_MS: '100' })).toMatchObject({ code: 'ERR_GUN_TIMEOUT', attempts: 1 });
  });

  test('GUN_RETRIES', async () => {
    const relay = await newRelay({ a: status(503) });
    expect(await callWith({ GUN_PEERS: relay.url, GUN_RETRIES: '0' })).toMatchObject({ attempts: 1 });
  });

  test.each([
    ['on', true], ['true', true], ['1', true], ['', true], [' On ', true],
    ['off', false], ['false', false], ['0', false], ['FALSE', false],
  ])('GUN_NATIVE_LOG=%j logs: %p', async (value, isLogged) => {
    const relay = await newRelay();
    const source = `require('./index.js').getRecords(Array.from({ length: 100 }, (_, n) => \`\${n}\`)).then((all) => console.error(all.length))`;
    const { stdout, stderr } = await runNode(source, { env: { GUN_PEERS: relay.url, GUN_NATIVE_LOG: value } });
    expect([stdout.includes('[GUN 404 Cache] 0/100 hits'), stdout === '', stderr]).toEqual([isLogged, !isLogged, '100\n']);
  });

  test('GUN_MAX_IN_FLIGHT', async () => {
    const relay = await newRelay();
    const gate = relay.hold(2);
    const call = callWith({ GUN_PEERS: relay.url, GUN_MAX_IN_FLIGHT: '2' }, `gun.getRecords([...'abcdef'])`);
    await gate.reached(2);
    gate.open();
    expect(await call).toEqual({ value: Array(6).fill(null) });
    expect(relay.mostInProgress).toBe(2);
  });
});

describe('GUN_PEERS', () => {
  test.each([
    ['one entry', (url) => url],
    ['the first of several', (url) => `${url},http://127.0.0.1:1`],
    ['the first http entry', (url) => `wss://peer.invalid/gun, ws://other.invalid ,${url} , http://127.0.0.1:1`],
    ['an entry among empty ones', (url) => `,, ${url},`],
    ['the first peer, if no entry is http', (url) => `ws://peer.invalid/other, ${url.replace('http', 'ws')}/gun`],
  ])('names the relay: %s', async (_what, peers) => {
    const relay = await newRelay();
    expect(await callWith({ GUN_PEERS: peers(relay.url) })).toEqual({ value: null });
    expect(relay.souls).toEqual(['a']);
  });

  test('keeps a path', async () => {
    const relay = await newRelay();
    await callWith({ GUN_PEERS: `${relay.url}/gun` });
    expect(relay.requests[0].url).toBe('/gun/get?soul=a');
  });
});

test('an empty variable counts as unset', async () => {
  const names = ['GUN_PEERS', 'GUN_404_CACHE_SIZE', 'GUN_404_CACHE_TTL_MS', 'GUN_404_CACHE_SWEEP_MS', 'GUN_ATTEMPT_TIMEOUT_MS', 'GUN_TIMEOUT_MS', 'GUN_RETRIES', 'GUN_MAX_IN_FLIGHT', 'GUN_NATIVE_LOG'];
  const env = Object.fromEntries(names.map((name) => [name, '']));
  expect(await callWith(env, capacityAndLife)).toEqual({ value: { capacity: 10_000, ttlMs: 3_600_000 } });
});

describe('a bad value is ERR_GUN_INVALID_ARGUMENT that names the variable and the value', () => {
  test.each([
    ['GUN_404_CACHE_SIZE', '-1'],
    ['GUN_404_CACHE_SIZE', 'many'],
    ['GUN_404_CACHE_TTL_MS', '0'],
    ['GUN_404_CACHE_TTL_MS', '1h'],
    ['GUN_404_CACHE_SWEEP_MS', '0'],
    ['GUN_ATTEMPT_TIMEOUT_MS', '1.5'],
    ['GUN_TIMEOUT_MS', '1e3'],
    ['GUN_RETRIES', '0x10'],
    ['GUN_MAX_IN_FLIGHT', '0'],
    ['GUN_NATIVE_LOG', 'loud'],
    ['GUN_NATIVE_LOG', '2'],
    ['GUN_NATIVE_LOG', 'no'],
    ['GUN_404_CACHE_REFRESH', 'maybe'],
    ['GUN_MAX_BODY_BYTES', '0'],
    ['GUN_QUEUE_TIMEOUT_MS', '-1'],
    ['GUN_FALLBACK_RELAYS', 'nonsense'],
    ['GUN_PEERS', 'wss://peer.invalid/other'],
    ['GUN_PEERS', 'gun-relay:8765'],
    ['GUN_PEERS', 'http://'],
    ['GUN_PEERS', ','],
  ])('%s=%s', async (name, value) => {
    const source = `
      const gun = require('./index.js'); // loading throws nothing: another client may be all that is wanted
      const thrown = (action) => { try { action(); } catch (error) { return error; } };
      (async () => {
        const errors = [
          await gun.getRecord('a').catch((error) => error),
          await gun.getRecords(['a']).catch((error) => error),
          thrown(() => gun.cacheStats()),
          thrown(() => gun.invalidate('a')),
          thrown(() => gun.invalidateAll()),
        ];
        new gun.GunClient();
        console.log(JSON.stringify(errors.map(({ name, code, message }) => ({ name, code, message }))));
      })();
    `;
    const { code, stdout, stderr } = await runNode(source, { env: { [name]: value } });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const error of JSON.parse(stdout)) {
      expect(error).toMatchObject({ name: 'GunError', code: 'ERR_GUN_INVALID_ARGUMENT' });
      expect(error.message).toContain(name);
      expect(error.message).toContain(`"${value}"`);
    }
  });
});

test('the environment only affects the default client', async () => {
  const relay = await newRelay();
  const script = `new gun.GunClient({ relayUrl: '${relay.url}' }).getRecord('a')`;
  expect(await callWith({ GUN_PEERS: 'nonsense', GUN_RETRIES: 'nonsense' }, script)).toEqual({ value: null });
});
