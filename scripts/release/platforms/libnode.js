'use strict';

// On Windows outside MSVC, napi-build needs an import library of node.exe to link with.

const fs = require('fs');
const path = require('path');
const { output } = require('../../command');
const { once } = require('./cache');
const { toolsEnvironment } = require('./python');

/** dlltool's names of the processors. */
const MACHINES = { x64: 'i386:x86-64', arm64: 'arm64' };

/** Returns the folder with that library. */
function libnode({ cpu }) {
  return once(`libnode/${cpu}`, (folder) => {
    const definitions = path.join(path.dirname(require.resolve('node-api-headers/package.json')), 'def', 'node_api.def');
    const library = path.join(folder, 'libnode.dll');
    const args = ['dlltool', '-d', definitions, '-D', 'node.exe', '-m', MACHINES[cpu], '-l', library];
    output('python3', ['-m', 'ziglang', ...args], { env: toolsEnvironment() });
    fs.copyFileSync(library, path.join(folder, 'libnode.a')); // what the linker looks for; the other is what napi-build does
  });
}

module.exports = { libnode };
