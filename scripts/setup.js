'use strict';

// Installs and builds what is missing or stale, so that `npm test` and `npm run demo` work in a fresh clone. It runs
// before node_modules exists and therefore uses only Node's own modules.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { target } = require('../lib/platform');
const { ROOT, needsShell } = require('./command');

const INSTALLED = path.join(ROOT, 'node_modules', '.package-lock.json');
const SOURCES = ['Cargo.toml', 'Cargo.lock', 'src'];

function run(what, command, args) {
  console.log(`\n== ${what}: ${command} ${args.join(' ')}`);
  const { status } = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], shell: needsShell(command) });
  if (status !== 0) process.exit(status || 1);
}

/** Modification time of a file, or of the newest file in a folder; 0 if there is none. */
function changed(file) {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...fs.readdirSync(file).map((name) => changed(path.join(file, name))));
}

function isInstalled() {
  return changed(INSTALLED) >= Math.max(changed(path.join(ROOT, 'package-lock.json')), 1);
}

function isBuilt() {
  const sources = Math.max(...SOURCES.map((name) => changed(path.join(ROOT, name))));
  return changed(path.join(ROOT, `gun-native.${target()}.node`)) >= sources;
}

/** Fails before the long `npm ci` if the build or the Rust tests after it could not start. */
function requireRust() {
  if (isBuilt() && process.env.npm_lifecycle_event !== 'pretest') return;
  if (spawnSync('cargo', ['--version'], { stdio: 'ignore' }).status === 0) return;
  console.error('cargo not found. Install Rust 1.89 or later from rustup.rs, then run the command again.');
  process.exit(1);
}

requireRust();
if (!isInstalled()) run('installing', 'npm', ['ci', '--no-audit', '--no-fund']);
if (!isBuilt()) run('building, takes some minutes the first time', 'npm', ['run', 'build']);
