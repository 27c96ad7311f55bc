'use strict';

// npm run test:native: scenarios with workers, clients, calls and environments, each in a process of its own; then shorter
// ones and the Node tests with the addon built with an address sanitizer. A crash is a failure.

const { spawnSync } = require('child_process');
const path = require('path');
const { buildSanitized } = require('./sanitized');

const SCENARIOS = { garbage: 0, clients: 1_000, environments: 20, workers: 1_000 };
const SANITIZED = { garbage: 0, clients: 100, environments: 4, workers: 50 };
const LIMIT_MS = 600_000;
/** Tests that do not use the addon, run these scenarios themselves, or limit memory in a way that the sanitizer does not survive. */
const LEFT_OUT = '__tests__/(binary|default|dep|doc|native|package|soak|system-limits|targets|monitoring-tools|test-command|workflows)';

function runScenarios(scenarios, env) {
  for (const [name, size] of Object.entries(scenarios)) {
    const began = performance.now();
    const args = ['--expose-gc', path.join(__dirname, 'part.js'), name, String(size)];
    const options = { env: { ...process.env, ...env }, encoding: 'utf8', timeout: LIMIT_MS, maxBuffer: 2 ** 28 };
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, options);
    console.log(`${stdout.trim() || `FAIL: ${name}`} (${((performance.now() - began) / 1_000).toFixed(1)} s)`);
    if (status === 0) continue;
    console.log(`${stderr}\nFAIL: ${name} ended with ${signal || status}`);
    process.exitCode = 1;
  }
}

/** Runs the Node tests in this environment, which their child processes inherit. */
function runTests(env) {
  const args = ['jest', '--silent', '--testTimeout', '120000', '--testPathIgnorePatterns', LEFT_OUT];
  const options = { cwd: path.join(__dirname, '..', '..', '..'), env: { ...process.env, ...env }, encoding: 'utf8', maxBuffer: 2 ** 28 };
  const { status, signal, stderr } = spawnSync('npx', args, options);
  const [summary] = /^Tests: .*/m.exec(stderr) || ['none'];
  console.log(`${status === 0 ? 'PASS' : 'FAIL'}: Node tests: ${summary.replace(/^Tests: +/, '')}`);
  if (status === 0) return;
  console.log(`${stderr}\nFAIL: the Node tests ended with ${signal || status}`);
  process.exitCode = 1;
}

runScenarios(SCENARIOS, {});
const sanitized = buildSanitized();
if (sanitized.env) {
  console.log('\nwith the addon under an address sanitizer:');
  runScenarios(SANITIZED, sanitized.env);
  runTests(sanitized.env);
} else {
  console.log(`\nNOT RUN: the address sanitizer: ${sanitized.why}`);
}
