'use strict';

// Runs other programs. It uses no package, because setup.js runs before node_modules exists.

const { spawnSync } = require('child_process');
const path = require('path');

const ROOT = path.join(__dirname, '..');
/** The program of @napi-rs/cli, for Node. */
const NAPI = path.join(ROOT, 'node_modules', '@napi-rs', 'cli', 'dist', 'cli.js');

/** Whether a program needs a shell: npm and npx are scripts on Windows. */
function needsShell(command) {
  return process.platform === 'win32' && ['npm', 'npx'].includes(command);
}

/** Runs a program in the repository's root and shows its output. Throws if it fails. */
function run(command, args, { cwd = ROOT, env = {} } = {}) {
  start(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
}

/** Runs a program and returns its standard output. Throws if it fails. */
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

module.exports = { NAPI, ROOT, needsShell, output, run };
