'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { put, startGunRelay } = require('../examples/relay');
const { isStatsLine } = require('../lib/cli/verify');
const { json, missing, record, status } = require('./helpers/answers');
const { runCli } = require('./helpers/child');
const { newRelay } = require('./helpers/setup');

const MADE_UP = 56;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-verify-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));

function fileWith(text) {
  const file = path.join(folder, 'souls.txt');
  fs.writeFileSync(file, text);
  return file;
}

/** Verifies a relay that answers by the script; `failed` names the checks that did not pass. */
async function verify(script, args = [], options) {
  const relay = await newRelay(script);
  const { code, stdout, stderr } = await runCli(['verify', '--json', '--relay', relay.url, ...args], options);
  const report = stdout === '' ? { checks: [] } : JSON.parse(stdout);
  const failed = report.checks.filter(({ passed }) => !passed).map(({ check }) => check);
  return { relay, code, stderr, report, failed };
}

test('a relay passes, asked once for each soul, once for the probe and once after the invalidation', async () => {
  const { relay, code, report, failed } = await verify({});
  expect({ code, failed, passed: report.passed }).toEqual({ code: 0, failed: [], passed: true });
  expect(report.checks).toHaveLength(10);
  expect(report).toMatchObject({ relay: relay.url, souls: MADE_UP, passes: 2, callers: 10 });
  expect(relay.requests).toHaveLength(MADE_UP + 2);
  expect(new Set(relay.souls).size).toBe(MADE_UP + 1);
});

test('nothing is written to the relay, and only souls that cannot exist are requested', async () => {
  const { relay } = await verify({});
  expect(new Set(relay.requests.map(({ method }) => method))).toEqual(new Set(['GET']));
  for (const soul of relay.souls) expect(soul).toMatch(/^gun-native-verify:[0-9a-f]{32}:\d+(:probe)?$/);
  const other = await verify({});
  expect(other.relay.souls.filter((soul) => relay.souls.includes(soul))).toEqual([]);
});

test('the report has a mark for each check first, details below, and a summary last, all within 60 columns', async () => {
  const relay = await newRelay();
  const { code, stdout } = await runCli(['verify', '--relay', relay.url]);
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.slice(0, 3)).toEqual([relay.url, '56 souls, 2 passes, 10 callers', '']);
  expect(lines.filter((line) => line.startsWith('✓ '))).toHaveLength(10);
  expect(stdout).toContain('✓ a missing soul costs one request\n    56 requests, 0 retried\n');
  expect(lines[lines.length - 1]).toMatch(/^10 of 10 passed in \d+\.\d s$/);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
});

test('a check that fails shows what was expected', async () => {
  const relay = await newRelay(() => record({}));
  const { stdout } = await runCli(['verify', '--relay', relay.url]);
  expect(stdout).toMatch(/✗ the relay answers\n {4}expected: missing, for a made-up soul\n {4}measured: found, after \d+ ms\n\n0 of 1 passed/);
});

test('callers and passes are those of the options', async () => {
  const { code, relay, report } = await verify({}, ['--passes', '3', '--callers', '4']);
  expect(code).toBe(0);
  expect(report).toMatchObject({ passes: 3, callers: 4 });
  const hits = report.checks.find(({ check }) => check === 'missing souls are cached');
  expect(hits.measurement).toBe(`0 requests, ${MADE_UP * 4 * 2} cache hits`);
  expect(relay.requests).toHaveLength(MADE_UP + 2);
});

test('a relay that is not there fails the first check, and has an exit code of its own', async () => {
  const { code, stdout, stderr } = await runCli(['verify', '--relay', 'http://127.0.0.1:1']);
  expect(code).toBe(3);
  expect(stdout).toMatch(/^✗ the relay answers\n.*\n {4}measured: .*could not be reached/m);
  expect(stderr).toBe('The other checks need a relay that reports missing records.\n');
});

test('so does one that fails', async () => {
  const { code, failed } = await verify(() => status(500));
  expect({ code, failed }).toEqual({ code: 3, failed: ['the relay answers'] });
});

test('a relay that has a record for every soul fails the checks, but it has answered', async () => {
  const { code, failed, report } = await verify(() => record({}));
  expect({ code, failed }).toEqual({ code: 1, failed: ['the relay answers'] });
  expect(report.checks[0].measurement).toMatch(/^found, after \d+ ms$/);
});

test('a relay whose missing souls cannot be remembered fails the checks of the cache', async () => {
  const { code, failed } = await verify(() => json('{"success":false}'));
  expect(code).toBe(1);
  // Whether the callers of the first pass share is a matter of their haste: nothing is remembered for those who come late.
  expect(failed).toEqual(expect.arrayContaining(['missing souls are cached', 'an invalidated soul is requested again']));
});

test('a relay that needs several attempts fails the check of one request', async () => {
  const { code, failed } = await verify((soul, attempt) => (attempt === 1 && soul.endsWith(':7') ? status(503) : missing()));
  expect({ code, failed }).toEqual({ code: 1, failed: ['a missing soul costs one request'] });
});

describe('--souls', () => {
  const script = (soul) => (soul === 'found' ? record({ n: 1 }) : missing());

  test('asks for those of a file too, the missing ones once, the others in each pass', async () => {
    const file = fileWith('found\r\n gone with spaces \n\ngone/2#&%+🏋️\nfound\n');
    const { relay, code, report, failed } = await verify(script, ['--souls', file]);
    expect({ code, failed, souls: report.souls }).toEqual({ code: 0, failed: [], souls: MADE_UP + 3 });
    expect(relay.requestsFor(' gone with spaces ')).toBe(1);
    expect(relay.requestsFor('gone/2#&%+🏋️')).toBe(1);
    // A record is not remembered: its callers share a request only while that is under way.
    expect(relay.requestsFor('found')).toBeGreaterThanOrEqual(2);
    expect(new Set(relay.souls).size).toBe(MADE_UP + 1 + 3);
  });

  test('- reads them from stdin', async () => {
    const { relay, code } = await verify(script, ['--souls', '-'], { stdin: 'from stdin' });
    expect(code).toBe(0);
    expect(relay.requestsFor('from stdin')).toBe(1);
  });

  test('more than fit on the wire wait for the others, not in a queue', async () => {
    const souls = Array.from({ length: 300 }, (_, number) => `soul ${number}`);
    const { relay, code } = await verify({}, ['--souls', '-', '--callers', '2'], { stdin: souls.join('\n') });
    expect(code).toBe(0);
    expect(relay.requests).toHaveLength(MADE_UP + 300 + 2);
  });

  test('one that fails fails a check, whose measurement has the failure', async () => {
    const { code, failed, report } = await verify({ bad: status(400) }, ['--souls', '-'], { stdin: 'bad' });
    expect({ code, failed }).toEqual({ code: 1, failed: ['no call fails'] });
    const { measurement } = report.checks.find(({ check }) => check === 'no call fails');
    expect(measurement).toMatch(/^20 of 1140 calls: relay \S+ answered 400 for soul "bad"/);
  });

  test.each([
    ['a file that is not there', ['--souls', path.join(folder, 'none')], undefined, 'option --souls: ENOENT'],
    ['bytes that are not UTF-8', ['--souls', '-'], Buffer.from([0xff, 0xfe]), 'option --souls: stdin is not UTF-8'],
    ['a line that is no soul', ['--souls', '-'], 'x'.repeat(5_000), 'option --souls: soul must be'],
  ])('%s is an error of the command line, and nothing is asked', async (_what, args, stdin, message) => {
    const { relay, code, stderr } = await verify(script, args, { stdin });
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(relay.requests).toHaveLength(0);
  });
});

test('the relay on the real gun package passes, and no more than that reaches it', async () => {
  // With less time than it takes GUN to load a record while it looks for 56 others, the record would be missing.
  const relay = await startGunRelay({ waitMs: 1_000 });
  try {
    await put(relay.url, 'stored', { name: 'squat' });
    const before = await relay.requests();
    const { code, stdout } = await runCli(['verify', '--json', '--relay', relay.url, '--souls', '-'], { stdin: 'stored' });
    expect([code, JSON.parse(stdout).checks.filter(({ passed }) => !passed)]).toEqual([0, []]);
    const found = await runCli(['get', 'stored', '--relay', relay.url]);
    expect(JSON.parse(found.stdout)).toEqual({ name: 'squat' });
    // The probe, each missing soul, one after its invalidation; the record in each pass, shared where its callers meet.
    expect((await relay.requests()) - before).toBeGreaterThanOrEqual(MADE_UP + 2 + 2 + 1);
    expect((await relay.requests()) - before).toBeLessThanOrEqual(MADE_UP + 2 + 20 + 1);
  } finally {
    await relay.close();
  }
});

test('credentials of the relay are used and not shown', async () => {
  const relay = await newRelay();
  const url = relay.url.replace('//', '//ann:secret@');
  const { code, stdout } = await runCli(['verify', '--relay', url, '--callers', '2']);
  expect(code).toBe(0);
  expect(relay.requests.every(({ headers }) => headers.authorization === 'Basic YW5uOnNlY3JldA==')).toBe(true);
  expect(stdout).toContain(`${relay.url}\n`);
  expect(stdout).not.toContain('secret');
});

test.each([
  ['📊 [GUN 404 Cache] 45/100 hits (45.0% cache hit rate, 55 cached souls)', true],
  ['📊 [GUN 404 Cache] 78/200 hits (39.0% cache hit rate, 122 cached souls)', true],
  ['📊 [GUN 404 Cache] 0/100 hits (0.0% cache hit rate, 0 cached souls)', true],
  ['📊 [GUN 404 Cache] 45/100 hits (46.0% cache hit rate, 55 cached souls)', false],
  ['📊 [GUN 404 Cache] 45/100 hits (45% cache hit rate, 55 cached souls)', false],
  ['[GUN 404 Cache] 45/100 hits (45.0% cache hit rate, 55 cached souls)', false],
  ['📊 [GUN 404 Cache] 45/100 hits (45.0% cache hit rate, 55 cached souls) ', false],
])('the stats line has to be exact and its figures to agree: %s %s', (line, isExact) => {
  expect(isStatsLine(line)).toBe(isExact);
});
