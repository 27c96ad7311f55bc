'use strict';

// Installs and builds what is missing or stale, so that `npm test` and `npm run demo` work in a fresh clone. It runs
// before node_modules exists and so uses no package.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { target } = require('../lib/platform');
const { ROOT, needsShell } = require('./command');

const INSTALLED = path.join(ROOT, 'node_modules', '.package-lock.json');
const SOURCES = ['Cargo.toml', 'Cargo.lock', 'build.rs', 'src'];

function run(what, command, args) {
  console.log(`\n== ${what}: ${command} ${args.join(' ')}`);
  const { status } = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], shell: needsShell(command) });
  if (status !== 0) process.exit(status || 1);
}

/** When this file, or the newest one in this folder, was changed; 0 when it is not there. */
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

if (!isInstalled()) run('installing', 'npm', ['ci', '--no-audit', '--no-fund']);
if (!isBuilt()) run('building, which takes some minutes the first time', 'npm', ['run', 'build']);
