'use strict';

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { CLI, run } = require('./child');

/** util-linux's `script` runs a program on a terminal; the BSDs' takes other arguments. */
const HAS_SCRIPT = /util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout);

/**
 * Runs the command line on a terminal, with an xterm's TERM unless `env` has another. Both streams are the terminal; its
 * output is in `stdout`.
 */
function runOnTerminal(args, { env = {}, columns } = {}) {
  const own = { TERM: 'xterm-256color', ...env };
  if (!HAS_SCRIPT) return runWithFakeTerminal(args, own, columns);
  const command = [process.execPath, CLI, ...args].map((word) => `'${word}'`).join(' ');
  const sized = columns === undefined ? command : `stty cols ${columns}; ${command}`;
  return run(['-qec', sized, '/dev/null'], own, { program: 'script', stdin: '' });
}

/** Without `script`: pipes that claim to be a terminal. */
async function runWithFakeTerminal(args, env, columns) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-tty-'));
  const preload = path.join(folder, 'tty.js');
  fs.writeFileSync(preload, `process.stdout.isTTY = process.stderr.isTTY = true; process.stdout.columns = ${columns};`);
  const { code, stdout, stderr } = await run(['-r', preload, CLI, ...args], env);
  fs.rmSync(folder, { recursive: true });
  return { code, stdout: stderr + stdout };
}

module.exports = { runOnTerminal };
