'use strict';

const { spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { STEPS, patchedIndexer } = require('../examples/steps/patched');
const { samples } = require('../examples/indexer/samples');
const { record } = require('./helpers/answers');
const { ROOT, runFile, runNode } = require('./helpers/child');
const { testOfEsm } = require('./helpers/esm');
const { newRelay } = require('./helpers/setup');

// On a busy machine a test may take long, and none depends on how long.
jest.setTimeout(60_000);

const EXAMPLE = 'examples/start.js';

/** Windows has no signals to send: a child is killed there, whichever is named. */
const testOfSignals = process.platform === 'win32' ? test.skip : test;

/** Runs the example until its log has this line, then does something with its address, then ends it by a signal. */
async function withExample(env, use, { signal = 'SIGTERM', args = [], until = /Memory Leak Tracker/ } = {}) {
  const own = Object.entries(process.env).filter(([name]) => !/^(GUN_|PORT$|BIND_ADDRESS$|JEST_|NODE_OPTIONS$)/.test(name));
  const child = spawn(process.execPath, [EXAMPLE, ...args], { cwd: ROOT, detached: true, env: { ...Object.fromEntries(own), PORT: '0', ...env } });
  const ended = once(child, 'close');
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (log += text));
  try {
    while (!until.test(log)) {
      await Promise.race([once(child.stdout, 'data'), ended.then(() => Promise.reject(new Error(log)))]);
    }
    const [, url] = log.match(/✅ Indexer listening at (\S+)/);
    await use({ url, log: () => log });
  } finally {
    // As a terminal does it: SIGINT goes to the whole group.
    if (signal === 'SIGINT') process.kill(-child.pid, signal);
    else child.kill(signal);
  }
  const [code] = await ended;
  return { code, log };
}

testOfSignals.each(['SIGINT', 'SIGTERM'])('it starts, syncs its samples, serves them and closes cleanly on %s', async (signal) => {
  let relayUrl;
  const { code, log } = await withExample({}, async ({ url, log }) => {
    [, relayUrl] = log().match(/✅ Relay of its own at (\S+), 52 sample records stored/);
    const { records } = await (await fetch(`${url}/api/records?recordType=workout&limit=5`)).json();
    expect(records).toHaveLength(5);
    expect(await (await fetch(`${url}/gun/stats`)).json()).toMatchObject({ capacity: 10_000, requests: { failed: {} } });
  }, { signal, until: /🔄 Sync cycle: \d+ new records in/ });
  expect(code).toBe(0);
  expect(log).toMatch(/^📡 GUN helper initialized \(gun-native \d+\.\d+\.\d+\)\n✅ /);
  expect(log).toMatch(/🔄 Sync cycle: 52 new records in \d+\.\d s\n/);
  expect(log).toMatch(/🧠 \[Memory Leak Tracker\] rss .* MB, heap .* MB, external .* MB \(\d+\.\d% of heap\)\n/);
  expect(log).not.toContain('EXTERNAL MEMORY LEAK');
  expect(log).toMatch(new RegExp(`👋 ${signal}: closing\n$`));
  await expect(fetch(relayUrl)).rejects.toThrow('fetch failed'); // its relay ended with it
});

testOfSignals('a request under way is answered before it ends', async () => {
  const relay = await newRelay({ a: record({ n: 1 }) });
  const gate = relay.hold();
  let call;
  const { code } = await withExample({ GUN_PEERS: relay.url }, async ({ url, log }) => {
    expect(log()).toContain(`✅ Relay at ${relay.url}\n`);
    await gate.reached(37); // the first sync cycle
    call = fetch(`${url}/gun-relay/get?soul=a`);
    await gate.reached(38);
    setTimeout(() => gate.open(), 100);
  });
  expect(code).toBe(0);
  expect((await call).status).toBe(200);
});

test.each([
  ['--step 0', {}, false],
  ['--step 3', {}, true],
  ['--step 3', { GUN_NATIVE: 'off' }, false],
])('%s with %j, the addon is loaded: %s', async (args, env, isLoaded) => {
  const relay = await newRelay(Object.fromEntries(samples().map(([soul, data]) => [soul, record(data)])));
  await withExample({ GUN_PEERS: relay.url, ...env }, async ({ url, log }) => {
    expect(log().includes('(gun-native ')).toBe(isLoaded);
    expect((await fetch(`${url}/gun/stats`)).status).toBe(isLoaded ? 200 : 404);
    expect((await fetch(`${url}/gun-relay/get?soul=f3a9c1d27b40:workout-0`)).status).toBe(200);
  }, { args: args.split(' ') });
});

test('the souls of a file are migrated', async () => {
  const relay = await newRelay({ old: record({ data: { n: 1 }, oip: { recordType: 'workout' } }), null: record({}) });
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-souls-'));
  fs.writeFileSync(path.join(folder, 'souls'), 'old\ngone\n');
  try {
    await withExample({ GUN_PEERS: relay.url, MIGRATE_SOULS: path.join(folder, 'souls') }, async () => {}, { until: /📦 Migration: 1 of 2 records changed/ });
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

test.each([
  ['PORT', 'http'],
  ['MEMORY_LOG_MS', '1m'],
  ['GUN_SYNC_INTERVAL', 'often'],
  ['GUN_PEERS', 'gun-relay:8765'],
])('a bad %s ends it with a reason', async (name, value) => {
  const { code, stderr } = await runFile(EXAMPLE, { env: { PORT: '0', GUN_PEERS: 'http://127.0.0.1:1', [name]: value } });
  expect(code).toBe(1);
  expect(stderr).toContain('❌ The indexer could not start: ');
  expect(stderr).toContain(name);
});

test('an address that is taken ends it with a reason', async () => {
  const taken = await newRelay();
  const { code, stderr } = await runFile(EXAMPLE, { env: { PORT: new URL(taken.url).port, GUN_PEERS: taken.url } });
  expect(code).toBe(1);
  expect(stderr).toContain('EADDRINUSE');
});

test.each(['4', '-1', 'x'])('--step %s is refused', async (step) => {
  const { code, stderr } = await runFile(EXAMPLE, { args: [`--step=${step}`] });
  expect([code, stderr]).toEqual([2, `--step ${step} is not a whole number from 0 to 3\n`]);
});

test('npm run example is what is tested here', () => {
  expect(require('../package.json').scripts.example).toBe(`node ${EXAMPLE}`);
});

describe('the patches', () => {
  test('are three, short, and only add gun-native', () => {
    expect(STEPS).toEqual(['1-install.patch', '2-helper.patch', '3-loops.patch']);
    for (const name of STEPS) {
      const text = fs.readFileSync(path.join(ROOT, 'examples/indexer/patches', name), 'utf8');
      const added = text.split('\n').filter((line) => /^\+(?!\+\+)/.test(line));
      const removed = text.split('\n').filter((line) => /^-(?!--)/.test(line));
      expect(added.length).toBeLessThanOrEqual(50);
      expect(removed.length).toBeLessThanOrEqual(8);
    }
  });

  test('apply with git as the guide says', async () => {
    const { execFileSync } = require('child_process');
    const { folder, remove } = patchedIndexer(0);
    const whole = patchedIndexer(3);
    try {
      for (const name of STEPS) execFileSync('git', ['apply', path.join(ROOT, 'examples/indexer/patches', name)], { cwd: folder });
      for (const name of ['app.js', 'helpers/gun.js', 'helpers/gun-native.js', 'helpers/sync.js', 'routes/gun-relay.js']) {
        const read = (where) => fs.readFileSync(path.join(where, name), 'utf8');
        expect(read(folder)).toBe(read(whole.folder));
      }
    } finally {
      remove();
      whole.remove();
    }
  });

  testOfEsm('run under the esm loader', async () => {
    const { folder, remove } = patchedIndexer(3);
    const relay = await newRelay({ a: record({ n: 1 }) });
    // Neither the newest axios nor the newest form-data loads under it. The host has older ones; no form is sent here.
    const modules = path.join(folder, '../node_modules');
    fs.rmSync(path.join(modules, 'axios'));
    for (const name of ['axios', 'form-data']) fs.mkdirSync(path.join(modules, name));
    fs.copyFileSync(path.join(ROOT, 'node_modules/axios-1.7/dist/node/axios.cjs'), path.join(modules, 'axios/index.js'));
    fs.writeFileSync(path.join(modules, 'form-data/index.js'), 'module.exports = class FormData {};');
    for (const name of ['proxy-from-env', 'follow-redirects']) fs.symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name), 'junction');
    const source = `
      const { GunHelper } = require(${JSON.stringify(path.join(folder, 'helpers/gun'))});
      (async () => {
        const answers = [await new GunHelper().getRecord('a')];
        for (let n = 0; n < 10; n += 1) answers.push(await new GunHelper().getRecord('gone'));
        console.log(JSON.stringify(answers));
      })();
    `;
    try {
      const { stdout, stderr } = await runNode(source, { env: { GUN_PEERS: relay.url }, flags: ['-r', path.join(ROOT, 'node_modules/esm')] });
      expect(stderr).toBe('');
      expect(JSON.parse(stdout.trim().split('\n')[1])).toEqual([{ n: 1 }, ...Array(10).fill(null)]);
      expect(relay.souls).toEqual(['a', 'gone']);
    } finally {
      remove();
    }
  });
});
