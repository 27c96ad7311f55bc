'use strict';

const { spawn } = require('child_process');
const path = require('path');

const ROOT = path.resolve(__dirname, '../..');
const CLI = 'bin/gun-native.js';
/** A child that takes longer is assumed to hang. */
const LIMIT_MS = 20_000;
/**
 * Variables from the developer's shell, CI or jest that a child must not inherit. With `CI`, Node treats a terminal as one
 * without colours.
 */
const FOREIGN = /^(GUN_|NODE_OPTIONS$|JEST_|https?_proxy$|all_proxy$|no_proxy$|(FORCE|NO)_COLOR$|CI$|COLORTERM$|TERM_PROGRAM$|TMUX$|TEAMCITY_VERSION$)/i;

/**
 * Runs a script in a Node process of its own, in the repository's root: `require('./index.js')` there is gun-native.
 * Resolves with `{ code, signal, stdout, stderr, ms }`.
 */
function runNode(source, { env = {}, flags = [] } = {}) {
  return run([...flags, '-e', source], env);
}

/** The same for a file, with arguments. */
function runFile(file, { env = {}, flags = [], args = [], ...how } = {}) {
  return run([...flags, file, ...args], env, how);
}

/** The command line of the package. */
function runCli(args, options) {
  return runFile(CLI, { args, ...options });
}

/** The variables of this process that a child may inherit. */
function ownEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name)));
}

function run(args, env, { program = process.execPath, stdin, limitMs = LIMIT_MS } = {}) {
  const begun = performance.now();
  const child = spawn(program, args, { cwd: ROOT, env: { ...ownEnvironment(), ...env } });
  if (stdin !== undefined) child.stdin.end(stdin);
  const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      output[name] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      resolve({ code, signal, ...output, ms: performance.now() - begun });
    });
  });
}

module.exports = { CLI, ROOT, ownEnvironment, run, runCli, runFile, runNode };
