'use strict';

// npm test: runs every check in order. The last line is the count; a step without tests of its own counts as one check.

const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { ROOT, needsShell } = require('./command');
const { valkey } = require('./valkey');

/** Measured on two cores with the addon already built. */
const DURATION = 'about 5 minutes on two cores, after the build';

/** The steps. `results` gives the counts and the names of failed tests, from the output or from `report`, jest's JSON file. */
const STEPS = [
  { name: 'format', command: ['cargo', 'fmt', '--all', '--check'] },
  { name: 'clippy', command: ['cargo', 'clippy', '--all-targets', '--', '-D', 'warnings'] },
  { name: 'clippy of the binding', command: ['cargo', 'clippy', '--package', 'gun-native-binding', '--', '-D', 'warnings'] },
  { name: 'eslint', command: ['npx', 'eslint', '.'] },
  { name: 'Rust tests', command: ['cargo', 'test', '--no-fail-fast'], results: cargoResults },
  { name: 'Node tests', command: ['npx', 'jest', '--json'], results: jestResults },
  { name: 'types', command: ['npx', 'tsd'] },
];

/** Runs a command, prints its output and also returns it. */
function run([command, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], shell: needsShell(command) });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      // Jest's stdout holds its JSON file's name only; its results are on stderr.
      if (!args.includes('--json')) process.stdout.write(text);
    });
    child.stderr.on('data', (text) => process.stderr.write(text));
    child.on('error', (error) => resolve({ ok: false, output: String(error) }));
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}

/** Counts and failed names in the output of `cargo test`. */
function cargoResults(output) {
  const results = { passed: 0, failed: 0, skipped: 0, names: [] };
  for (const [, passed, failed, ignored] of output.matchAll(/^test result: .* (\d+) passed; (\d+) failed; (\d+) ignored/gm)) {
    results.passed += Number(passed);
    results.failed += Number(failed);
    results.skipped += Number(ignored);
  }
  results.names = [...output.matchAll(/^test (.+?)(?: - should panic)? \.\.\. FAILED$/gm)].map(([, name]) => name);
  return results;
}

/** The same from jest's JSON report. A file that does not load counts as one failed test. */
function jestResults(_output, report) {
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests, numTodoTests, testResults } =
    JSON.parse(fs.readFileSync(report, 'utf8'));
  const names = testResults.flatMap(({ name, status, assertionResults }) => {
    const file = path.relative(ROOT, name);
    const failed = assertionResults.filter((one) => one.status === 'failed').map((one) => `${file}: ${one.fullName}`);
    return status === 'failed' && failed.length === 0 ? [`${file} (does not run)`] : failed;
  });
  return {
    passed: numPassedTests,
    failed: numFailedTests + numRuntimeErrorTestSuites,
    skipped: numPendingTests + numTodoTests,
    names,
  };
}

/** The results of a step. A command that fails, or passes without running a test, counts at least one failure. */
function resultsOf(step, { ok, output }, report) {
  const own = { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0, names: ok ? [] : [step.name] };
  if (step.results === undefined) return own;
  let results;
  try {
    results = step.results(output, report);
  } catch {
    return { passed: 0, failed: 1, skipped: 0, names: [`${step.name} (no readable results)`] };
  }
  if (results.failed === 0 && (!ok || results.passed === 0)) {
    return { ...results, failed: 1, names: [ok ? `${step.name} (no test ran)` : step.name] };
  }
  return results;
}

function seconds(since) {
  return `${((performance.now() - since) / 1_000).toFixed(1)} s`;
}

/** Runs the steps and prints times, failed tests and counts; returns whether all passed. */
async function runSteps(steps) {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-test-'));
  const report = path.join(scratch, 'report.json');
  const total = { passed: 0, failed: 0, skipped: 0 };
  const names = [];
  const times = [];
  const start = performance.now();
  for (const step of steps) {
    console.log(`\n== ${step.name}: ${step.command.slice(0, 4).join(' ')}`);
    const stepStart = performance.now();
    const command = step.command.includes('--json') ? [...step.command, `--outputFile=${report}`] : step.command;
    const results = resultsOf(step, await run(command), report);
    for (const key of Object.keys(total)) total[key] += results[key];
    names.push(...results.names);
    times.push([step.name, seconds(stepStart)]);
    console.log(`== ${step.name}: ${seconds(stepStart)}`);
  }
  fs.rmSync(scratch, { recursive: true });
  console.log('\ntime per step:');
  for (const [name, time] of [...times, ['total', seconds(start)]]) console.log(`  ${name.padEnd(20)} ${time.padStart(8)}`);
  if (names.length > 0) console.log(`\nfailed:\n${names.map((name) => `  ${name}`).join('\n')}`);
  if (total.skipped > 0) console.log(`\nskipped, not possible on this machine: ${total.skipped}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0;
}

if (require.main === module) {
  console.log(`Running ${STEPS.map(({ name }) => name).join(', ')}: ${DURATION}.`);
  const { program, reason } = valkey();
  if (program) process.env.GUN_TEST_VALKEY = program;
  else console.log(`skipped: the tests of the shared store on a real Valkey: ${reason}`);
  runSteps(STEPS).then((ok) => {
    process.exitCode = ok ? 0 : 1;
  });
}

module.exports = { runSteps, cargoResults, jestResults };
