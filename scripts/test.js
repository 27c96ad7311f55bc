'use strict';

// Every check, one after the other; the last line is the count. A step that counts no tests is one check itself.

const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { ROOT, needsShell } = require('./command');

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-test-'));
const jestReport = path.join(scratch, 'jest.json');

const STEPS = [
  { name: 'format', command: ['cargo', 'fmt', '--check'] },
  { name: 'clippy', command: ['cargo', 'clippy', '--all-targets', '--', '-D', 'warnings'] },
  {
    name: 'clippy without Node',
    command: ['cargo', 'clippy', '--all-targets', '--no-default-features', '--', '-D', 'warnings'],
  },
  { name: 'eslint', command: ['npx', 'eslint', '.'] },
  { name: 'Rust tests', command: ['cargo', 'test', '--no-default-features'], count: countCargo },
  { name: 'Node tests', command: ['npx', 'jest', '--json', `--outputFile=${jestReport}`], count: countJest },
  { name: 'types', command: ['npx', 'tsd'] },
];

/** Runs a command, shows what it prints and keeps it. */
function run([command, ...args]) {
  return new Promise((resolve) => {
    // Jest's report goes to a file; what it would print besides is the same again.
    const stdio = ['ignore', 'pipe', 'pipe'];
    const child = spawn(command, args, { cwd: ROOT, stdio, shell: needsShell(command) });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      if (!args.includes('--json')) process.stdout.write(text);
    });
    child.stderr.on('data', (text) => process.stderr.write(text));
    child.on('error', (error) => resolve({ ok: false, output: String(error) }));
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}

function countCargo({ output }) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const [, passed, failed, ignored] of output.matchAll(/^test result: .* (\d+) passed; (\d+) failed; (\d+) ignored/gm)) {
    count.passed += Number(passed);
    count.failed += Number(failed);
    count.skipped += Number(ignored);
  }
  return count;
}

function countJest() {
  const report = JSON.parse(fs.readFileSync(jestReport, 'utf8'));
  return {
    passed: report.numPassedTests,
    // A file that does not load has no tests to fail.
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** The count of a step; one that failed without a failed test has failed all the same. */
function counted(step, result) {
  const ownCount = { passed: result.ok ? 1 : 0, failed: result.ok ? 0 : 1, skipped: 0 };
  if (step.count === undefined) return ownCount;
  let count;
  try {
    count = step.count(result);
  } catch (unreadable) {
    return ownCount;
  }
  if (!result.ok && count.failed === 0) count.failed = 1;
  if (result.ok && count.passed === 0) count.failed = 1;
  return count;
}

async function main() {
  const total = { passed: 0, failed: 0, skipped: 0 };
  const failures = [];
  for (const step of STEPS) {
    console.log(`\n== ${step.name}: ${step.command.slice(0, 4).join(' ')}`);
    const count = counted(step, await run(step.command));
    for (const key of Object.keys(total)) total[key] += count[key];
    if (count.failed > 0) failures.push(step.name);
  }
  fs.rmSync(scratch, { recursive: true });
  if (failures.length > 0) console.log(`\nfailed: ${failures.join(', ')}`);
  if (total.skipped > 0) console.log(`\nskipped, as they cannot be done here: ${total.skipped}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}

main();
