'use strict';

const { jestResults, cargoResults, runSteps } = require('../scripts/test');
const { ROOT, runNode } = require('./helpers/child');
const fs = require('fs');
const os = require('os');
const path = require('path');

const CARGO = `
running 3 tests
test cache::tests::an_entry_expires ... ok
test cache::tests::a_sweep_counts ... FAILED
test net::tests::needs_ipv6 ... ignored

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s
test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s
`;

let printed;
beforeEach(() => {
  printed = [];
  jest.spyOn(console, 'log').mockImplementation((line) => printed.push(line));
});
afterEach(() => jest.restoreAllMocks());

const node = (source) => [process.execPath, '-e', source];

test('failed Rust tests are counted and named', () => {
  expect(cargoResults(CARGO)).toEqual({ passed: 3, failed: 1, skipped: 1, names: ['cache::tests::a_sweep_counts'] });
});

test('failed Node tests are named with their file, and a file that does not load is one of them', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-'));
  const report = path.join(folder, 'report.json');
  const inTests = (name) => path.join(ROOT, '__tests__', name);
  const assertionResults = [{ status: 'passed', fullName: 'a' }, { status: 'failed', fullName: 'b c' }];
  const testResults = [
    { name: inTests('x.test.js'), status: 'failed', assertionResults },
    { name: inTests('y.test.js'), status: 'failed', assertionResults: [] },
  ];
  const counts = { numPassedTests: 1, numFailedTests: 1, numRuntimeErrorTestSuites: 1, numPendingTests: 0, numTodoTests: 0 };
  fs.writeFileSync(report, JSON.stringify({ ...counts, testResults }));
  const names = [`${path.join('__tests__', 'x.test.js')}: b c`, `${path.join('__tests__', 'y.test.js')} (does not run)`];
  expect(jestResults('', report)).toEqual({ passed: 1, failed: 2, skipped: 0, names });
  fs.rmSync(folder, { recursive: true });
});

test('every step gets its time, failures are listed by name, and the last line is the count', async () => {
  const steps = [
    { name: 'passes', command: node('') },
    { name: 'fails', command: node('process.exitCode = 3') },
    { name: 'runs nothing', command: node(''), results: () => ({ passed: 0, failed: 0, skipped: 0, names: [] }) },
    { name: 'has no report', command: node(''), results: jestResults },
  ];
  expect(await runSteps(steps)).toBe(false);
  const lines = printed.join('\n').split('\n');
  for (const { name } of steps) expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^  ${name} +[\\d.]+ s$`)));
  const failed = lines.slice(lines.indexOf('failed:') + 1, -2);
  expect(failed).toEqual(['  fails', '  runs nothing (no test ran)', '  has no report (no readable results)']);
  expect(lines.at(-1)).toBe('1 passed, 3 failed');
});

test('if all steps pass, nothing is listed as failed', async () => {
  expect(await runSteps([{ name: 'passes', command: node('') }])).toBe(true);
  expect(printed.join('\n')).not.toContain('failed:');
  expect(printed.at(-1)).toBe('\n1 passed, 0 failed');
});

test('setup names Rust before it installs anything', async () => {
  const { code, stderr, stdout } = await runNode("require('./scripts/setup.js')", { env: { PATH: '', npm_lifecycle_event: 'pretest' } });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toBe('cargo not found. Install Rust 1.89 or later from rustup.rs, then run the command again.\n');
});
