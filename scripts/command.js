'use strict';

// Runs other programs, the one way in all scripts. It uses no package: the setup runs before node_modules exists.

const { spawnSync } = require('child_process');
const path = require('path');

const ROOT = path.join(__dirname, '..');

/** Whether only a shell can start a program: npm and npx are scripts on Windows. */
function needsShell(command) {
  return process.platform === 'win32' && ['npm', 'npx'].includes(command);
}

/** Runs a program to its end, in the repository's root, and shows what it prints. One that fails is an error. */
function run(command, args, { cwd = ROOT, env = {} } = {}) {
  start(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
}

/** The same, but what it prints to standard output is the result. */
function output(command, args, { cwd = ROOT, env = {} } = {}) {
  return start(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] }).stdout;
}

function start(command, args, { cwd, env, stdio }) {
  const options = { cwd, env: { ...process.env, ...env }, stdio, shell: needsShell(command), encoding: 'utf8', maxBuffer: 1 << 28 };
  const result = spawnSync(command, args, options);
  if (result.error) throw new Error(`${command} could not be started: ${result.error.message}`, { cause: result.error });
  if (result.status === 0) return result;
  const said = [result.stdout, result.stderr].filter(Boolean).join('\n').trim();
  throw new Error(`${[command, ...args].join(' ')} ended with ${result.signal || result.status}${said && `:\n${said}`}`);
}

module.exports = { ROOT, needsShell, output, run };
