'use strict';

// napi-build wants something to link with on Windows outside MSVC: an import library of node.exe.

const fs = require('fs');
const path = require('path');
const { output } = require('../command');
const { once } = require('./cache');
const { toolsEnvironment } = require('./python');

/** The folder with that library, for x64. */
function libnode() {
  return once('libnode', (folder) => {
    const definitions = path.join(path.dirname(require.resolve('node-api-headers/package.json')), 'def', 'node_api.def');
    const library = path.join(folder, 'libnode.dll');
    const args = ['dlltool', '-d', definitions, '-D', 'node.exe', '-m', 'i386:x86-64', '-l', library];
    output('python3', ['-m', 'ziglang', ...args], { env: toolsEnvironment() });
    fs.copyFileSync(library, path.join(folder, 'libnode.a')); // what the linker looks for; the other is what napi-build does
  });
}

module.exports = { libnode };
