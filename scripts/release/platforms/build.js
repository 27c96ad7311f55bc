'use strict';

// Builds a target's binary for publishing with `napi build`: for the oldest supported glibc, and without paths of this machine,
// so that another machine builds the same bytes. The CLI sets no such flags, so they are given here. `npm run build` is faster
// and does neither.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { NAPI, ROOT, run } = require('../../command');
const { GLIBC_BASELINE, binaryOf } = require('../targets');
const { libnode } = require('./libnode');
const { toolsEnvironment } = require('./python');
const { toolchain } = require('./rust');

/** For every build: the library alone, with the versions of Cargo.lock. */
const CARGO_ARGS = ['--lib', '--locked'];

/** The crate that becomes the addon. */
const BINDING = 'gun-native-binding';

/** The binary's exports, for a Windows linker. */
const EXPORTS = path.join(__dirname, 'exports.def');

/**
 * macOS's frameworks as text stubs, for linking on Linux. They export nothing: what reqwest's dependencies use of them is
 * looked up at run time, as Node's own functions are.
 */
const FRAMEWORKS = path.join(__dirname, 'frameworks');

/** Whether this machine can build a target: always its own system's, and on Linux all. */
function isBuildable(target) {
  return target.os === process.platform || process.platform === 'linux';
}

/**
 * Builds the sources in `source` and writes the binary to `folder`; returns its path. `cargoTarget` is cargo's target folder.
 */
function build(target, { source = ROOT, cargoTarget = path.join(ROOT, 'target'), folder = path.join(ROOT, 'target', 'binaries') } = {}) {
  const isForeignWindows = target.os === 'win32' && process.platform === 'linux';
  const triple = isForeignWindows ? target.triple.replace('-msvc', '-gnullvm') : target.triple;
  const rust = toolchain(triple);
  const flags = [...remaps(source, rust.sources), ...linking(target)];
  const zig = process.platform === 'linux' ? toolsEnvironment() : {};
  const env = { ...zig, ...rust.env, CARGO_TARGET_DIR: cargoTarget, CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f') };
  env.PATH = [rust.env.PATH, zig.PATH || process.env.PATH].filter(Boolean).join(path.delimiter);
  const binary = path.join(folder, binaryOf(target));
  fs.mkdirSync(folder, { recursive: true });
  if (isForeignWindows) {
    // `napi build --cross-compile` needs Microsoft's libraries there. The binary finds Node's functions at run time.
    const args = ['zigbuild', '--target', triple, '--package', BINDING, '--features', 'napi/dyn-symbols', '--release', ...CARGO_ARGS, ...rust.args];
    run('cargo', args, { cwd: source, env: { ...env, LIBNODE_PATH: libnode(target) } });
    fs.copyFileSync(path.join(cargoTarget, triple, 'release', 'gun_native_binding.dll'), binary);
    return binary;
  }
  // No tool here strips macOS binaries.
  if (target.os === 'darwin' && process.platform === 'linux') env.CARGO_PROFILE_RELEASE_STRIP = 'none';
  const args = ['--cwd', source, '--package', BINDING, '--package-json-path', path.join(ROOT, 'package.json'), '--output-dir', folder, ...crossing(target)];
  run(process.execPath, [NAPI, 'build', '--platform', '--release', '--no-js', ...args, '--', ...CARGO_ARGS, ...rust.args], { env });
  return binary;
}

/** The target for `napi build`. On Linux zig links, for any system and any glibc version. */
function crossing({ triple, libc }) {
  if (process.platform !== 'linux') return ['--target', triple];
  return ['--cross-compile', '--target', libc === 'glibc' ? `${triple}.${GLIBC_BASELINE}` : triple];
}

/** Replaces this machine's paths; the folder of crates has a name that depends on cargo's configuration. */
function remaps(source, rustSources) {
  const home = process.env.CARGO_HOME || path.join(os.homedir(), '.cargo');
  const registry = path.join(home, 'registry', 'src');
  const crates = fs.existsSync(registry) ? fs.readdirSync(registry).map((name) => [path.join(registry, name), '/crates']) : [];
  // If the standard library is inside the sources, cargo uses its relative path.
  const rust = [rustSources, path.relative(source, rustSources)].map((from) => [from, '/rust']);
  const paths = [[home, '/cargo'], ...crates, ...rust, [source, '/gun-native']];
  // For nested folders, rustc uses the last match.
  paths.sort(([one], [other]) => one.length - other.length);
  return paths.map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
}

/**
 * The addon uses Node's own musl, not a second one; Windows may lack the compiler's C runtime, so it is linked in; zig exports
 * every symbol on Windows, because cargo-zigbuild does not pass it rustc's list.
 */
function linking(target) {
  if (target.libc === 'musl') return ['-C', 'target-feature=-crt-static'];
  if (target.os === 'darwin' && process.platform === 'linux') return ['-C', `link-arg=-F${FRAMEWORKS}`];
  if (target.os !== 'win32') return [];
  return ['-C', process.platform === 'win32' ? 'target-feature=+crt-static' : `link-arg=${EXPORTS}`];
}

module.exports = { build, isBuildable };
