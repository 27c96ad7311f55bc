'use strict';

const path = require('path');
const { GunError } = require('./error');
const { target } = require('./platform');

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
