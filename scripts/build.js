'use strict';

// `npm run build` of the published package: builds the addon in place, from the sources in the package. It uses no dependency and
// runs on Node 18; in the repository, `npm run build` is `napi build`, which needs @napi-rs/cli and Node 20.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { target } = require('../lib/platform');

const ROOT = path.join(__dirname, '..');

/** Cargo's name of a shared library on this platform. */
function libraryName() {
  if (process.platform === 'win32') return 'gun_native_binding.dll';
  return process.platform === 'darwin' ? 'libgun_native_binding.dylib' : 'libgun_native_binding.so';
}

const args = ['build', '--package', 'gun-native-binding', '--release', '--lib', '--locked'];
const { status, error } = spawnSync('cargo', args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
if (error) {
  console.error(`cargo could not be started (${error.message}). Install Rust from rustup.rs.`);
  process.exit(1);
}
if (status !== 0) process.exit(status || 1);

const built = path.join(process.env.CARGO_TARGET_DIR || path.join(ROOT, 'target'), 'release', libraryName());
const addon = path.join(ROOT, `gun-native.${target()}.node`);
// A running Node may have mapped the old file, so it is replaced, not overwritten.
fs.rmSync(addon, { force: true });
fs.copyFileSync(built, addon);
console.log(`built ${path.basename(addon)}, ${(fs.statSync(addon).size / 1e6).toFixed(2)} MB`);
