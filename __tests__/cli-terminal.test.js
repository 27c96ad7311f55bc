'use strict';

const fs = require('fs');
const { record } = require('./helpers/answers');
const { CLI, run, runCli } = require('./helpers/child');
const { newRelay } = require('./helpers/setup');
const { runOnTerminal } = require('./helpers/terminal');

const ERASE = '\r\x1b[K';
const GREEN_MARK = '\x1b[32m✓\x1b[39m';

/** The arguments of a verification of a relay that has nothing. */
async function verification() {
  const relay = await newRelay();
  return ['verify', '--relay', relay.url, '--callers', '2'];
}

test('a terminal sees progress, which is gone when the report comes, and colour', async () => {
  const { code, stdout } = await runOnTerminal(await verification());
  expect(code).toBe(0);
  expect(stdout).toContain(`${ERASE}pass 1 of 2: 0 of 56 souls`);
  expect(stdout).toContain(`${ERASE}http://127.0.0.1:`);
  expect(stdout).toContain(GREEN_MARK);
});

test('a pipe gets neither', async () => {
  const { code, stdout, stderr } = await runCli(await verification());
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).not.toContain('\x1b');
  expect(stdout).not.toContain('\r');
  expect(stdout).toContain('✓ the relay answers');
});

test('NO_COLOR turns colour off, not progress', async () => {
  const { stdout } = await runOnTerminal(await verification(), { env: { NO_COLOR: '1' } });
  expect(stdout).not.toContain('\x1b[32m');
  expect(stdout).toContain(`${ERASE}pass 1 of 2`);
});

test('a dumb terminal gets neither', async () => {
  const { stdout } = await runOnTerminal(await verification(), { env: { TERM: 'dumb' } });
  expect(stdout).not.toContain('\x1b');
  expect(stdout).toContain('✓ the relay answers');
});

test('FORCE_COLOR colours a pipe, and 0 disables colour', async () => {
  const args = await verification();
  expect((await runCli(args, { env: { FORCE_COLOR: '1' } })).stdout).toContain(GREEN_MARK);
  expect((await runCli(args, { env: { FORCE_COLOR: '0' } })).stdout).not.toContain('\x1b');
});

test('colour stays out of JSON', async () => {
  const { stdout } = await runCli([...(await verification()), '--json'], { env: { FORCE_COLOR: '1' } });
  expect(JSON.parse(stdout).passed).toBe(true);
});

test('on 60 columns no line is longer, a long failure is wrapped and indented', async () => {
  const { stdout } = await runOnTerminal(['verify', '--relay', 'http://127.0.0.1:1'], { columns: 60, env: { NO_COLOR: '1' } });
  const lines = stdout.split(/\r?\n/).filter((line) => !line.includes('\x1b') && !line.includes('gun-native-verify:'));
  expect(stdout).toContain('✗ the relay answers');
  expect(lines.filter((line) => line.startsWith('    ')).length).toBeGreaterThan(2);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
});

describe('a reader that leaves early', () => {
  test('is not an error: the exit code is the same, and stderr is empty', async () => {
    const relay = await newRelay({ a: record({ text: 'x'.repeat(2_000_000) }) });
    const command = `('${process.execPath}' ${CLI} get a --relay ${relay.url}; echo "code $?" >&2) | head -c 5`;
    const { stdout, stderr } = await run(['-c', command], {}, { program: 'sh' });
    expect({ stdout, stderr }).toEqual({ stdout: '{\n  "', stderr: 'code 0\n' });
  });

  test('may be gone before the first byte', async () => {
    const command = `(sleep 0.1; '${process.execPath}' ${CLI} --help; echo "code $?" >&2) | true`;
    expect(await run(['-c', command], {}, { program: 'sh' })).toMatchObject({ stderr: 'code 0\n' });
  });
});

test('a pipe gets all of a large record', async () => {
  const data = { text: 'x'.repeat(2_000_000) };
  const relay = await newRelay({ a: record(data) });
  const { stdout } = await runCli(['get', 'a', '--relay', relay.url]);
  expect(JSON.parse(stdout)).toEqual(data);
});

// Linux has a device that is always full; otherwise a full disk needs root.
(fs.existsSync('/dev/full') ? test : test.skip)('a full disk is exit code 4 and a sentence', async () => {
  const command = `'${process.execPath}' ${CLI} --help > /dev/full`;
  const { code, stderr } = await run(['-c', command], {}, { program: 'sh' });
  expect(code).toBe(4);
  expect(stderr).toMatch(/^gun-native: .*ENOSPC/);
});
