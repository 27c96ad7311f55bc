'use strict';

const { spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { samples } = require('../examples/indexer/samples');
const { record } = require('./helpers/answers');
const { ROOT, runFile, runNode } = require('./helpers/child');
const { testOfEsm } = require('./helpers/esm');
const { newRelay } = require('./helpers/setup');

// On a busy machine a test may take long, and none depends on how long.
jest.setTimeout(60_000);

const EXAMPLE = 'examples/indexer';

/** Windows has no signals to send: a child is killed there, whichever is named. */
const testOfSignals = process.platform === 'win32' ? test.skip : test;

/** Runs the example until its log has this line, then does something with its address, then ends it by a signal. */
async function withExample(env, use, signal = 'SIGTERM') {
  const own = Object.entries(process.env).filter(([name]) => !/^(GUN_|PORT$|BIND_ADDRESS$|JEST_|NODE_OPTIONS$)/.test(name));
  const child = spawn(process.execPath, [EXAMPLE], { cwd: ROOT, env: { ...Object.fromEntries(own), PORT: '0', ...env } });
  const ended = once(child, 'close');
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (log += text));
  try {
    while (!/Memory Leak Tracker/.test(log)) {
      await Promise.race([once(child.stdout, 'data'), ended.then(() => Promise.reject(new Error(log)))]);
    }
    const [, url] = log.match(/✅ Indexer listening at (\S+)/);
    await use({ url, log: () => log, pid: child.pid });
  } finally {
    child.kill(signal);
  }
  const [code] = await ended;
  return { code, log };
}

testOfSignals.each(['SIGINT', 'SIGTERM'])('it starts, serves its samples and closes cleanly on %s', async (signal) => {
  let relayUrl;
  const { code, log } = await withExample({}, async ({ url, log }) => {
    [, relayUrl] = log().match(/✅ Relay of its own at (\S+), 54 sample records stored/);
    const { records } = await (await fetch(`${url}/api/records?recordType=workout&limit=5`)).json();
    expect(records).toHaveLength(5);
  }, signal);
  expect(code).toBe(0);
  expect(log).toMatch(/^📡 GUN helper initialized \(gun-native \d+\.\d+\.\d+\)\n✅ /);
  expect(log).toMatch(/🧠 \[Memory Leak Tracker\] rss .* MB, heap .* MB, external .* MB \(\d+\.\d% of heap\)\n/);
  expect(log).not.toContain('EXTERNAL MEMORY LEAK');
  expect(log).toMatch(new RegExp(`👋 ${signal}: closing\n$`));
  await expect(fetch(relayUrl)).rejects.toThrow('fetch failed'); // its relay ended with it
});

testOfSignals('a request under way is answered before it ends', async () => {
  const relay = await newRelay({ 'index:workout': record({ data: { souls: [] } }) });
  const gate = relay.hold();
  let call;
  const { code } = await withExample({ GUN_PEERS: relay.url }, async ({ url, log }) => {
    expect(log()).toContain(`✅ Relay at ${relay.url}\n`);
    call = fetch(`${url}/api/records?recordType=workout`);
    await gate.reached(1);
    setTimeout(() => gate.open(), 100);
  });
  expect(code).toBe(0);
  expect((await call).status).toBe(200);
});

test('with GUN_NATIVE=off the addon is not loaded and the same is served', async () => {
  const relay = await newRelay(Object.fromEntries(samples().map(([soul, data]) => [soul, record(data)])));
  const answers = {};
  for (const mode of ['on', 'off']) {
    await withExample({ GUN_NATIVE: mode, GUN_PEERS: relay.url }, async ({ url, log, pid }) => {
      expect(log()).toMatch(mode === 'on' ? /initialized \(gun-native/ : /initialized \(plain JavaScript\)/);
      if (process.platform === 'linux') {
        expect(fs.readFileSync(`/proc/${pid}/maps`, 'utf8').includes('gun-native.')).toBe(mode === 'on');
      }
      answers[mode] = await (await fetch(`${url}/api/records?recordType=workout&resolveDepth=2`)).json();
    });
  }
  expect(answers.on.records).toHaveLength(10);
  expect(answers.off).toEqual(answers.on);
});

test.each([
  ['PORT', 'http'],
  ['MEMORY_LOG_MS', '1m'],
  ['GUN_NATIVE', 'no'],
  ['GUN_PEERS', 'gun-relay:8765'],
])('a bad %s ends it with a reason', async (name, value) => {
  const { code, stderr } = await runFile(EXAMPLE, { env: { PORT: '0', [name]: value } });
  expect(code).toBe(1);
  expect(stderr).toContain('❌ The indexer could not start: ');
  expect(stderr).toContain(name);
});

test('an address that is taken ends it with a reason, and its relay with it', async () => {
  const taken = await newRelay();
  const { code, stderr } = await runFile(EXAMPLE, { env: { PORT: new URL(taken.url).port } });
  expect(code).toBe(1);
  expect(stderr).toContain('EADDRINUSE');
});

test('npm run example is what is tested here', () => {
  expect(require('../package.json').scripts.example).toBe(`node ${EXAMPLE}`);
});

describe('the helper, copied into a host of its own', () => {
  let host;
  beforeEach(() => {
    host = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-host-'));
    fs.cpSync(path.join(ROOT, EXAMPLE, 'helpers'), path.join(host, 'helpers'), { recursive: true });
    fs.mkdirSync(path.join(host, 'node_modules'));
    fs.symlinkSync(ROOT, path.join(host, 'node_modules/gun-native'), 'junction');
    fs.symlinkSync(path.join(ROOT, 'node_modules/axios'), path.join(host, 'node_modules/axios'), 'junction');
  });
  afterEach(() => fs.rmSync(host, { recursive: true }));

  const works = async (mode, flags) => {
    const relay = await newRelay({ a: record({ n: 1 }) });
    const source = `
      const { GunHelper } = require(${JSON.stringify(path.join(host, 'helpers/gun'))});
      (async () => {
        const answers = [await new GunHelper().getRecord('a')];
        for (let n = 0; n < 10; n += 1) answers.push(await new GunHelper().getRecord('gone'));
        const { hits, total } = new GunHelper().cacheStats();
        console.log(JSON.stringify({ answers, hits, total }));
      })();
    `;
    const { stdout, stderr } = await runNode(source, { env: { GUN_PEERS: relay.url, GUN_NATIVE: mode }, flags });
    expect(stderr).toBe('');
    const [initialized, result] = stdout.trim().split('\n');
    expect(initialized).toMatch(/^📡 GUN helper initialized/);
    expect(JSON.parse(result)).toEqual({ answers: [{ n: 1 }, ...Array(10).fill(null)], hits: 9, total: 11 });
    expect(relay.souls).toEqual(['a', 'gone']);
  };

  test.each(['on', 'off'])('works with GUN_NATIVE=%s, and many instances share one client', (mode) => works(mode, []));

  testOfEsm('works under the esm loader', async () => {
    // The axios that is installed here does not load under it; the host has one that does. Reading needs none.
    fs.rmSync(path.join(host, 'node_modules/axios'));
    fs.mkdirSync(path.join(host, 'node_modules/axios'));
    fs.writeFileSync(path.join(host, 'node_modules/axios/index.js'), '');
    await works('on', ['-r', path.join(ROOT, 'node_modules/esm')]);
  });
});
