'use strict';

const fs = require('fs');
const path = require('path');
const { GunError } = require('./error');

/** The platform's name in the way of napi-rs: `linux-x64-musl`, `darwin-arm64`, `win32-x64-msvc`. */
function target() {
  const base = `${process.platform}-${process.arch}`;
  if (process.platform === 'linux') return `${base}-${isMusl() ? 'musl' : 'gnu'}`;
  if (process.platform === 'win32') return `${base}-msvc`;
  return base;
}

/** Whether this Node runs on musl: the program names its loader within the first page. Both libcs may be installed. */
function isMusl() {
  try {
    const start = Buffer.alloc(4096);
    const file = fs.openSync(process.execPath, 'r');
    try {
      fs.readSync(file, start, 0, start.length, 0);
    } finally {
      fs.closeSync(file);
    }
    return start.includes('/ld-musl-');
  } catch (unreadable) {
    return false;
  }
}

/** Where the addon may be, in the order of trying: named by the user, built in place, installed for this platform. */
function places() {
  const named = process.env.GUN_NATIVE_BINARY;
  if (named) return [path.resolve(named)];
  const platform = target();
  return [path.join(__dirname, '..', `gun-native.${platform}.node`), `gun-native-${platform}`];
}

function load() {
  const tried = [];
  for (const place of places()) {
    try {
      return require(place);
    } catch (error) {
      tried.push({ place, error });
    }
  }
  throw missing(tried);
}

function missing(tried) {
  const looked = tried.map(({ place, error }) => `  ${place}: ${String(error.message).split('\n')[0]}`);
  const message = [
    `gun-native has no binary that loads on ${target()} with Node ${process.version}. Looked for:`,
    ...looked,
    'npm leaves optional dependencies out when the lock file was made on another platform, or with --omit=optional;',
    'then remove node_modules and package-lock.json and run: npm install --include=optional',
    'To build it from source, with Rust from rustup.rs at hand, run in the folder of gun-native: npm run build',
    'To use a binary from elsewhere, set GUN_NATIVE_BINARY to its path.',
  ].join('\n');
  return new GunError(message, { code: 'ERR_GUN_BINARY_MISSING', cause: tried[tried.length - 1].error });
}

module.exports = load();
