'use strict';

// Builds the binary of a target as it is published: for the oldest glibc on Linux, whatever this machine has, and with no
// path of this machine inside, so that it comes out the same elsewhere. `npm run build` is quicker and does neither.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { ROOT, run } = require('../../command');
const { GLIBC_BASELINE, binaryOf } = require('../targets');
const { libnode } = require('./libnode');
const { toolsEnvironment } = require('./python');
const { toolchain } = require('./rust');

/** What the binary exports, as a linker for Windows reads it. */
const EXPORTS = path.join(__dirname, 'exports.def');

/** Whether this machine can build for a target: its own system always, and from Linux any. */
function isBuildable(target) {
  return target.os === process.platform || process.platform === 'linux';
}

/**
 * Builds the sources in `source` and puts the binary into `folder`; the path of the binary. Where cargo keeps its own
 * files is up to `cargoTarget`.
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

/** With zig, which links for any system and has the symbols of each glibc. */
function fromLinux(target) {
  const env = toolsEnvironment();
  if (target.os === 'win32') {
    // MSVC's linker is not to be had there. The binary finds Node's functions at run time.
    const triple = target.triple.replace('-msvc', '-gnullvm');
    const args = ['zigbuild', '--target', triple, '--features', 'napi/dyn-symbols'];
    return { env: { ...env, LIBNODE_PATH: libnode(target) }, triple, args, file: 'gun_native.dll' };
  }
  const version = target.libc === 'glibc' ? `.${GLIBC_BASELINE}` : '';
  const args = ['zigbuild', '--target', `${target.triple}${version}`];
  if (target.os === 'linux') return { env, triple: target.triple, args, file: 'libgun_native.so' };
  // Nor is what strips a binary for macOS.
  return { env: { ...env, CARGO_PROFILE_RELEASE_STRIP: 'none' }, triple: target.triple, args, file: 'libgun_native.dylib' };
}

/** With what the system itself has. */
function native(target) {
  const file = target.os === 'win32' ? 'gun_native.dll' : 'libgun_native.dylib';
  return { env: {}, triple: target.triple, args: ['build', '--target', target.triple], file };
}

/** Paths as they would be on another machine; crates are kept under a name that depends on how cargo reaches them. */
function remaps(source, rustSources) {
  const home = process.env.CARGO_HOME || path.join(os.homedir(), '.cargo');
  const registry = path.join(home, 'registry', 'src');
  const crates = fs.existsSync(registry) ? fs.readdirSync(registry).map((name) => [path.join(registry, name), '/crates']) : [];
  // Where the library lies within the sources, cargo names it by its way from there.
  const rust = [rustSources, path.relative(source, rustSources)].map((from) => [from, '/rust']);
  const paths = [[home, '/cargo'], ...crates, ...rust, [source, '/gun-native']];
  // Where one lies within another, rustc takes the last that fits.
  paths.sort(([one], [other]) => one.length - other.length);
  return paths.map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
}

/**
 * musl is Node's own, not a second one within; Windows may lack the C runtime of the compiler; zig exports to Windows
 * whatever there is, for cargo-zigbuild keeps rustc's list from it.
 */
function linking(target) {
  if (target.libc === 'musl') return ['-C', 'target-feature=-crt-static'];
  if (target.os !== 'win32') return [];
  return ['-C', process.platform === 'win32' ? 'target-feature=+crt-static' : `link-arg=${EXPORTS}`];
}

module.exports = { build, isBuildable };
