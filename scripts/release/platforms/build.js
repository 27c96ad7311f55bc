'use strict';

// Builds a target's binary for publishing: for the oldest supported glibc, and without paths of this machine, so that another
// machine builds the same bytes. `npm run build` is faster and does neither.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { ROOT, run } = require('../../command');
const { GLIBC_BASELINE, binaryOf } = require('../targets');
const { libnode } = require('./libnode');
const { toolsEnvironment } = require('./python');
const { toolchain } = require('./rust');

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
 * Builds the sources in `source` and copies the binary to `folder`; returns its path. `cargoTarget` is cargo's target folder.
 */
function build(target, { source = ROOT, cargoTarget = path.join(ROOT, 'target'), folder = path.join(ROOT, 'target', 'binaries') } = {}) {
  const { args, env, triple, file } = process.platform === 'linux' ? fromLinux(target) : native(target);
  const rust = toolchain(triple);
  const flags = [...remaps(source, rust.sources), ...linking(target)];
  const environment = { ...env, ...rust.env, CARGO_TARGET_DIR: cargoTarget, CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f') };
  environment.PATH = [rust.env.PATH, env.PATH || process.env.PATH].filter(Boolean).join(path.delimiter);
  run('cargo', [...args, ...rust.args, '--release', '--lib', '--locked'], { cwd: source, env: environment });
  fs.mkdirSync(folder, { recursive: true });
  const binary = path.join(folder, binaryOf(target));
  fs.copyFileSync(path.join(cargoTarget, triple, 'release', file), binary);
  return binary;
}

/** Builds with zig, which links for any system and any glibc version. */
function fromLinux(target) {
  const env = toolsEnvironment();
  if (target.os === 'win32') {
    // MSVC's linker is not available there. The binary finds Node's functions at run time.
    const triple = target.triple.replace('-msvc', '-gnullvm');
    const args = ['zigbuild', '--target', triple, '--features', 'napi/dyn-symbols'];
    return { env: { ...env, LIBNODE_PATH: libnode(target) }, triple, args, file: 'gun_native.dll' };
  }
  const version = target.libc === 'glibc' ? `.${GLIBC_BASELINE}` : '';
  const args = ['zigbuild', '--target', `${target.triple}${version}`];
  if (target.os === 'linux') return { env, triple: target.triple, args, file: 'libgun_native.so' };
  // Nor is a tool that strips macOS binaries.
  return { env: { ...env, CARGO_PROFILE_RELEASE_STRIP: 'none' }, triple: target.triple, args, file: 'libgun_native.dylib' };
}

/** Builds with the system's own tools. */
function native(target) {
  const file = target.os === 'win32' ? 'gun_native.dll' : 'libgun_native.dylib';
  return { env: {}, triple: target.triple, args: ['build', '--target', target.triple], file };
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
