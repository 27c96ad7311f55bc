'use strict';

// A compiler with a standard library for the target: rustup's if the target was added there, otherwise Debian's, which builds
// the library from its source.

const path = require('path');
const { output } = require('../../command');
const { unpacked, withDependencies } = require('./debian');

/** How to compile for a target: `{ env, args, sources }`; `sources` is the folder of the standard library's sources. */
function toolchain(triple) {
  if (rustupTargets().includes(triple)) {
    const sysroot = output('rustc', ['--print', 'sysroot']).trim();
    return { env: {}, args: [], sources: sourcesIn(sysroot) };
  }
  const folder = unpacked('rust', withDependencies(['rustc-web', 'cargo-web', 'rust-web-src']));
  return {
    env: {
      PATH: path.join(folder, 'usr', 'bin'),
      LD_LIBRARY_PATH: path.join(folder, 'usr', 'lib', 'x86_64-linux-gnu'),
      RUSTC_BOOTSTRAP: '1', // -Zbuild-std is not stable
    },
    args: ['-Zbuild-std=std,panic_unwind'],
    sources: sourcesIn(path.join(folder, 'usr')),
  };
}

function rustupTargets() {
  try {
    return output('rustup', ['target', 'list', '--installed']).split('\n');
  } catch (noRustup) {
    return [];
  }
}

const sourcesIn = (sysroot) => path.join(sysroot, 'lib', 'rustlib', 'src', 'rust');

module.exports = { toolchain };
