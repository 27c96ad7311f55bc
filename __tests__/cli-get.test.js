'use strict';

const fs = require('fs');
const path = require('path');
const { DEFAULT_RELAY } = require('../lib/cli/get');
const { missing, record, stall, status } = require('./helpers/answers');
const { ROOT, runCli } = require('./helpers/child');
const { newRelay } = require('./helpers/setup');

/** Runs `get` against a relay that answers by the table. */
async function get(table, args, options) {
  const relay = await newRelay(table);
  return { relay, ...(await runCli(['get', '--relay', relay.url, ...args], options)) };
}

test('a record is printed as JSON, its strings of JSON parsed', async () => {
  const { relay, ...result } = await get({ a: record({ n: 1, data: '{"reps":12}' }) }, ['a']);
  expect(result).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(result.stdout)).toEqual({ n: 1, data: { reps: 12 } });
  expect(relay.souls).toEqual(['a']);
});

test('a missing soul is listed on stderr, with exit code 1; the others are printed', async () => {
  const { relay, ...result } = await get({ a: record({ n: 1 }) }, ['gone', 'a']);
  expect(result).toMatchObject({ code: 1, stdout: '{\n  "n": 1\n}\n', stderr: 'missing: "gone"\n' });
  expect(relay.requests).toHaveLength(2);
});

test('- reads souls from stdin, one per line, each once', async () => {
  const { relay, code, stdout } = await get({ a: record({ n: 1 }) }, ['-', 'first', '--json'], { stdin: 'a\r\n\ngone\na\n' });
  expect(code).toBe(1);
  expect(JSON.parse(stdout).map(({ soul }) => soul)).toEqual(['a', 'gone', 'first']);
  expect(relay.requests).toHaveLength(3);
});

test('- on bytes that are not UTF-8 is an error of the command line', async () => {
  const { code, stderr } = await get({}, ['-'], { stdin: Buffer.from([0xff]) });
  expect([code, stderr]).toEqual([2, expect.stringContaining('get: stdin is not UTF-8')]);
});

test('--json has the cause of a failure', async () => {
  const { stdout } = await runCli(['get', 'a', '--json', '--relay', 'http://127.0.0.1:1']);
  expect(JSON.parse(stdout)[0].error).toMatchObject({ code: 'ERR_GUN_CONNECT', cause: { message: expect.any(String) } });
});

test('a URL without a scheme is http', async () => {
  const relay = await newRelay({ a: record({ n: 1 }) });
  const { code } = await runCli(['get', 'a', '--relay', relay.url.replace('http://', '')]);
  expect([code, relay.souls]).toEqual([0, ['a']]);
});

test('a failure has an exit code of its own, which goes before that of a missing soul', async () => {
  const { code, stdout, stderr } = await get({ bad: status(400) }, ['bad', 'gone']);
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toMatch(/^failed: relay http:\S+ answered 400 for soul "bad" \(1 attempt in .*\)\nmissing: "gone"\n$/);
});

test('a relay that is not there is a failure', async () => {
  const { code, stdout, stderr } = await runCli(['get', 'a', '--relay', 'http://127.0.0.1:1']);
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toContain('http://127.0.0.1:1 could not be reached for soul "a"');
});

test('--json is one document with an outcome for each soul, in order', async () => {
  const { code, stdout } = await get({ a: record({ n: 1 }), bad: status(400) }, ['--json', 'a', 'gone', 'bad', 'a']);
  expect(code).toBe(3);
  const error = { code: 'ERR_GUN_STATUS', status: 400, attempts: 1, retryable: false, message: expect.stringContaining('answered 400') };
  expect(JSON.parse(stdout)).toEqual([
    { soul: 'a', outcome: 'found', record: { n: 1 } },
    { soul: 'gone', outcome: 'missing' },
    { soul: 'bad', outcome: 'failed', error },
    { soul: 'a', outcome: 'found', record: { n: 1 } },
  ]);
});

test('many souls are still one document: no line of the log gets into it', async () => {
  const souls = Array.from({ length: 250 }, (_, number) => `soul ${number}`);
  const { code, stdout } = await get({}, ['--json', ...souls]);
  expect(code).toBe(1);
  expect(JSON.parse(stdout).map(({ soul }) => soul)).toEqual(souls);
});

test('--refs follows references up to this many levels', async () => {
  const table = { a: record({ b: { '#': 'a/b' } }), 'a/b': record({ c: { '#': 'a/b/c' } }), 'a/b/c': record({ n: 1 }) };
  const { stdout } = await get(table, ['a', '--refs', '1']);
  expect(JSON.parse(stdout)).toEqual({ b: { c: { '#': 'a/b/c' } } });
  const deeper = await get(table, ['a', '--refs', '2']);
  expect(JSON.parse(deeper.stdout)).toEqual({ b: { c: { n: 1 } } });
});

test('--timeout ends the call', async () => {
  const { code, stdout } = await get({ a: stall() }, ['a', '--timeout', '50', '--json']);
  expect(code).toBe(3);
  expect(JSON.parse(stdout)[0].error.code).toBe('ERR_GUN_TIMEOUT');
});

test('an invalid soul is an error of the command line, and nothing is requested', async () => {
  const { relay, code, stderr } = await get({}, ['a', '']);
  expect(code).toBe(2);
  expect(stderr).toContain('soul must be');
  expect(relay.requests).toHaveLength(0);
});

test('after -- a soul may begin with a dash', async () => {
  const { relay, code } = await get({ '--json': record({}) }, ['--', '--json']);
  expect(code).toBe(0);
  expect(relay.souls).toEqual(['--json']);
});

test('no control character of a record or of a soul reaches the terminal', async () => {
  const { stdout, stderr } = await get({ a: record({ text: '\u001b[2J\u009b2J\u007f\u2028' }) }, ['a', 'gone\u009b2J']);
  expect(stdout + stderr).not.toMatch(/[^\n -~]/);
  expect(JSON.parse(stdout)).toEqual({ text: '\u001b[2J\u009b2J\u007f\u2028' });
});

describe('the relay', () => {
  test('is the first http entry of GUN_PEERS', async () => {
    const relay = await newRelay({ a: missing() });
    const { code } = await runCli(['get', 'a'], { env: { GUN_PEERS: `wss://peer.invalid/gun, ${relay.url}` } });
    expect([code, relay.souls]).toEqual([1, ['a']]);
  });

  test('is else the first ws entry that ends in /gun, read as http', async () => {
    const relay = await newRelay({ a: missing() });
    const { code } = await runCli(['get', 'a'], { env: { GUN_PEERS: `wss://peer.invalid, ${relay.url.replace('http', 'ws')}/gun` } });
    expect([code, relay.souls]).toEqual([1, ['a']]);
  });

  test('is that of --relay before that of GUN_PEERS', async () => {
    const { code, relay } = await get({}, ['a'], { env: { GUN_PEERS: 'http://127.0.0.1:1' } });
    expect([code, relay.souls]).toEqual([1, ['a']]);
  });

  test('is else the one that the package has as its default', () => {
    const types = fs.readFileSync(path.join(ROOT, 'index.d.ts'), 'utf8');
    const [, described] = /@default '(.*)'\s+\*\/\s+relayUrl/.exec(types);
    expect(DEFAULT_RELAY).toBe(described);
  });

  test.each([
    ['option --relay', ['--relay', 'ftp://user:secret@host'], {}],
    ['environment variable GUN_PEERS', [], { GUN_PEERS: 'wss://user:secret@host' }],
  ])('is refused with the source of its address: %s', async (source, args, env) => {
    const { code, stderr } = await runCli(['get', 'a', ...args], { env });
    expect(code).toBe(2);
    expect(stderr).toContain(`${source} must be an http or https URL`);
    expect(stderr).not.toContain('secret');
  });
});
