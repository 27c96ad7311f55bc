'use strict';

// Runs every command of docs/deployment.md, in its order, in an operator's shell. Docker is not at hand here: `docker` and
// `docker-compose` are replaced by scripts around the example, which the guide's own commands patch, and its real log; `sleep`
// waits for the second sync cycle. The relay is one over the npm package gun.

const { execFileSync, spawn } = require('child_process');
const fs = require('fs');
const net = require('net');
const { once } = require('events');
const os = require('os');
const path = require('path');
const { unseal } = require('../examples/indexer/helpers/private');
const { startGunRelay } = require('../examples/relay');
const { fill } = require('../examples/steps/fixtures');
const { target } = require('../lib/platform');
const { endpointNotFound, json, record, stall, status } = require('./helpers/answers');
const { ROOT } = require('./helpers/child');
const { startRelay } = require('./helpers/relay');
const { newClient, newRelay, rejectionOf } = require('./helpers/setup');

// On a busy machine a command may take long, and none depends on how long.
jest.setTimeout(120_000);

/** The guide is for a shell as Linux has it. */
const [describeShell, testOfShell] = process.platform === 'win32' ? [describe.skip, test.skip] : [describe, test];

const GUIDE = fs.readFileSync(path.join(ROOT, 'docs/deployment.md'), 'utf8');

/** The guide's sections: `{ title, commands: [{ command, expected }] }`. */
const SECTIONS = GUIDE.split(/^##+ /m).slice(1).map((text) => ({
  title: text.split('\n')[0],
  commands: [...text.matchAll(/```console\n([^]*?)```/g)].flatMap(([, block]) => commandsIn(block)),
})).filter(({ commands }) => commands.length > 0);

function commandsIn(block) {
  return block.split(/^\$ /m).slice(1).map((text) => {
    const [first, ...lines] = text.trimEnd().split('\n');
    const more = lines.filter((line) => line.startsWith('> '));
    return { command: [first, ...more.map((line) => line.slice(2))].join('\n'), expected: lines.slice(more.length).join('\n') };
  });
}

/** What an output has to match: `…` stands for anything, and a number for any number. */
function pattern(expected) {
  const lines = expected.split('\n').map((line) => {
    const text = line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/…/g, '[^]*');
    return text.replace(/ *\d+(\\\.\d+)*/g, ' *\\d+(\\.\\d+)*');
  });
  return new RegExp(`^${lines.join('\n')}$`);
}

let scratch;
let app;
let relay;
let peer;
let port;

beforeAll(async () => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-guide-'));
  app = path.join(scratch, 'indexer');
  for (const folder of ['bin', 'state', 'node_modules', 'gun-native/dist']) fs.mkdirSync(path.join(scratch, folder), { recursive: true });
  // A checkout beside the indexer's, with the package as it is packed.
  fs.symlinkSync(path.join(ROOT, 'examples'), path.join(scratch, 'gun-native/examples'));
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', path.join(scratch, 'gun-native/dist')], { cwd: ROOT, stdio: 'ignore' });
  fs.cpSync(path.join(ROOT, 'examples/indexer'), app, { recursive: true });
  fs.writeFileSync(path.join(app, 'package.json'), '{"name":"indexer","private":true}');
  // The indexer's own packages, where npm does not look for them in a registry.
  for (const name of ['axios', 'express', 'prom-client']) fs.symlinkSync(path.join(ROOT, 'node_modules', name), path.join(scratch, 'node_modules', name));
  for (const name of ['docker', 'docker-compose']) script(name, `exec bash "${path.join(__dirname, 'helpers/docker.sh')}" ${name} "$@"`);
  script('sleep', 'until [ "$(grep -c "Sync cycle" "$FAKE_STATE/out")" -ge 6 ]; do command -p sleep 0.1; done');
  relay = await startFilledRelay();
  port = await freePort();
  environment({});
});

afterAll(async () => {
  await shell('docker-compose --profile gpu down oip-gpu');
  await relay.close();
  if (peer) await peer.close();
  fs.rmSync(scratch, { recursive: true });
});

/** A relay with the samples and their registry. */
async function startFilledRelay() {
  const started = await startGunRelay({ waitMs: 1_000 });
  await fill(started.url, {});
  return started;
}

function script(name, text) {
  fs.writeFileSync(path.join(scratch, 'bin', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

/** The service's environment from its next start on, beside what `.env` says. */
function environment(env) {
  const whole = { PORT: String(port), GUN_PEERS: relay.url, MEMORY_LOG_MS: '50', GUN_SYNC_INTERVAL: '300', ...env };
  const lines = Object.entries(whole).map(([name, value]) => `${name}=${value}\n`);
  fs.writeFileSync(path.join(scratch, 'state/env'), lines.join(''));
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address();
  server.close();
  await once(server, 'close');
  return free;
}

/** Runs a command with the guide's addresses turned into those of here, and gives its output with them turned back. */
async function shell(command) {
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(GUN_|PORT$|BIND_ADDRESS$|NODE_OPTIONS$|JEST_|npm_)/i.test(name))),
    PATH: `${path.join(scratch, 'bin')}${path.delimiter}${process.env.PATH}`,
    FAKE_STATE: path.join(scratch, 'state'),
    GUN_NATIVE_BINARY: path.join(ROOT, `gun-native.${target()}.node`), // the package is packed without it
    npm_config_offline: 'true',
    npm_config_cache: path.join(scratch, 'npm-cache'),
    npm_config_update_notifier: 'false',
  };
  const here = command.replaceAll('localhost:3005', `127.0.0.1:${port}`).replaceAll('http://localhost:8765', relay.url);
  const child = spawn('bash', ['-c', here], { cwd: app, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [code] = await once(child, 'close');
  if (code !== 0 && /^(npm|npx|for|git|mkdir) /.test(command)) throw new Error(`${command} ended with ${code}: ${output}`);
  const relayName = command.includes('localhost:8765') ? 'http://localhost:8765' : 'http://gun-relay:8765';
  return output.trimEnd().replaceAll(relay.url, relayName).replaceAll(`127.0.0.1:${port}`, '0.0.0.0:3005');
}

const UP = 'docker-compose --profile gpu up -d oip-gpu';
const LOGS = 'docker logs fitnessally-oip-gpu-1';

/** What has come to pass before a section's commands run. */
const BEFORE = {
  // Entries end at once here and are swept at once: two days later, there is a line.
  '5. Two days': async () => {
    script('sleep', '');
    environment({ GUN_404_CACHE_TTL_MS: '1', GUN_404_CACHE_SWEEP_MS: '20' });
    await shell(UP);
    while (!(await shell(LOGS)).includes('Cleaned'));
  },
  '6. Under load': async () => {
    environment({});
    await shell(UP);
    while (!(await shell(LOGS)).includes('GUN 404'));
  },
  'Still "after 2 retries"': async () => {
    await relay.close();
    await shell('curl -s "http://localhost:3005/gun-relay/get?soul=f3a9c1d27b40:workout-0"');
  },
  // A relay that has all that it is asked for: the sync cycle reads a peer, which has nothing.
  'The hit rate stays at 0%': async () => {
    relay = await startFilledRelay();
    peer = await startRelay();
    environment({ GUN_SYNC_INTERVAL: '999999999', GUN_EXTERNAL_PEERS: peer.url });
    await shell(UP);
    await shell('for i in {1..11}; do for n in {0..9}; do curl -s "http://localhost:3005/gun-relay/get?soul=f3a9c1d27b40:workout-$n"; done; done');
  },
};

testOfShell('the guide has every part of an operator\'s day', () => {
  const titles = [...GUIDE.matchAll(/^##+ (.*)$/gm)].map(([, title]) => title);
  expect(titles).toEqual([
    '1. Install', '2. Start', '3. The first five minutes', '4. The first two hours', '5. Two days', '6. Under load',
    'Troubleshooting', 'Still "after 2 retries"', 'The hit rate stays at 0%', 'Memory still grows', 'The cache is over 50,000',
    'Tuning', 'Stores', 'Rollback', 'After 24 hours', 'After 7 days', 'Further nodes',
  ]);
});

const SEALED = { data: {}, meta: { encrypted: true, encryptionMethod: 'aes-256-gcm', encryptedBy: 'another' } };
const FAILING = {
  404: endpointNotFound(),
  500: status(500),
  502: status(502),
  503: status(503),
  'a "quoted\\" one': json('?'),
  big: record({ text: 'more than nine bytes' }),
  slow: stall(),
};

/** What the helper logs of every way to fail that there is. */
async function everyFailure() {
  const { url } = await newRelay(FAILING);
  const messages = [];
  const ask = async (souls, options) => {
    const client = newClient({ relayUrl: url, retries: 0, breaker: false, ...options });
    for (const soul of souls) messages.push((await rejectionOf(client.getRecord(soul))).message);
    return client;
  };
  await ask(['404', '500', '502', '503', 'a "quoted\\" one', '']);
  messages.push((await rejectionOf(unseal(SEALED, { userPublicKey: 'x', userPassword: 'y' }))).message);
  await ask(['big'], { maxBodyBytes: 9 });
  await ask(['gone', 'gone'], { relayUrl: 'http://127.0.0.1:1', breaker: { failures: 1, afterMs: 0 } });
  const busy = await ask([], { attemptTimeoutMs: 50, maxInFlight: 1, maxQueue: 0 });
  for (const reason of await Promise.all([busy.getRecord('slow'), busy.getRecord('one too many')].map(rejectionOf))) messages.push(reason.message);
  return messages.map((message) => `⚠️  Error in getRecord after 2 retries: ${message}`);
}

/** What the table of messages explains: its first column, where further statuses stand for the one before them. */
function explained() {
  const [, section] = GUIDE.split('### Still "after 2 retries"');
  const rows = section.split('\n### ')[0].split('\n').filter((line) => line.startsWith('| `'));
  return rows.flatMap((row) => {
    const [first, ...statuses] = [...row.split('|')[1].matchAll(/`([^`]+)`/g)].map(([, text]) => text);
    return [first, ...statuses.map((code) => first.replace(/\d+$/, code))];
  });
}

testOfShell('the first command of troubleshooting tells failures apart, and the table below it explains each', async () => {
  const logged = await everyFailure();
  fs.writeFileSync(path.join(scratch, 'failures.log'), logged.map((line) => `${line}\n`).join(''));
  const [{ command }] = SECTIONS.find(({ title }) => title === 'Still "after 2 retries"').commands;
  const said = (await shell(command.replace('docker logs fitnessally-oip-gpu-1', `cat ${scratch}/failures.log`))).split('\n');
  expect(said).toHaveLength(logged.length);
  const phrases = explained();
  for (const line of said) expect([line, phrases.filter((phrase) => line.includes(phrase))]).toEqual([line, [expect.any(String)]]);
  for (const phrase of phrases) expect(said.filter((line) => line.includes(phrase))).toEqual([expect.any(String)]);
});

describeShell.each(SECTIONS)('$title', ({ title, commands }) => {
  beforeAll(() => BEFORE[title]?.());

  test.each(commands)('$command', async ({ command, expected }) => {
    expect(await shell(command)).toMatch(pattern(expected));
  });
});
