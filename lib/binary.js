'use strict';

const path = require('path');
const { GunError } = require('./error');
const { target } = require('./platform');

const PREFIX = 'gun-native-';

/** Where the addon may be, in the order of trying: named by the user, built in place, installed for this platform. */
function places(platform) {
  const named = process.env.GUN_NATIVE_BINARY;
  if (named) return [path.resolve(named)];
  return [path.join(__dirname, '..', `gun-native.${platform}.node`), `${PREFIX}${platform}`];
}

function load() {
  const platform = target();
  const tried = [];
  for (const place of places(platform)) {
    try {
      return require(place);
    } catch (error) {
      tried.push({ place, error });
    }
  }
  throw missing(platform, tried);
}

function missing(platform, tried) {
  const message = [
    `gun-native has no binary that loads on ${platform} with Node ${process.version}. Looked for:`,
    ...tried.map(({ place, error }) => `  ${place}: ${firstLine(error)}`),
    ...likelyCause(platform, tried),
    `To build it from source, with Rust from rustup.rs at hand: cd ${JSON.stringify(path.join(__dirname, '..'))} && npm run build`,
    'To use a binary from elsewhere, set GUN_NATIVE_BINARY to its path.',
  ].join('\n');
  return new GunError(message, { code: 'ERR_GUN_BINARY_MISSING', cause: tried[tried.length - 1].error });
}

/** Why the package of this platform is not there, and what brings it; nothing where that is not what failed. */
function likelyCause(platform, tried) {
  const name = `${PREFIX}${platform}`;
  const last = tried[tried.length - 1];
  if (last.place !== name) return ['GUN_NATIVE_BINARY names it; without that variable the installed binary is used.'];
  if (last.error.code !== 'MODULE_NOT_FOUND') {
    return [`${name} is installed, but this system cannot load it. To install it afresh: rm -rf node_modules && npm install`];
  }
  const published = require('../package.json').optionalDependencies || {};
  if (!(name in published)) return [];
  const other = Object.keys(published).find((candidate) => candidate !== name && isInstalled(candidate));
  if (other) {
    return [
      `${other} is installed instead: node_modules was made on another platform, or copied from one. On this one, run:`,
      '  rm -rf node_modules && npm install',
      'and where the lock file was made there too, first: rm package-lock.json',
    ];
  }
  return [
    'npm leaves optional dependencies out with --omit=optional, and by a bug of its own where the lock file was made on',
    'another platform (npm/cli issue 4828). To mend it, run:',
    '  rm -rf node_modules package-lock.json && npm install --include=optional',
    `or add the one package: npm install --save-optional ${name}@${published[name]}`,
  ];
}

function isInstalled(name) {
  try {
    return Boolean(require.resolve(`${name}/package.json`));
  } catch (absent) {
    return false;
  }
}

/** What npm and Node say of a failure, without the stack of requires that follows. */
function firstLine(error) {
  return String(error.message).split('\n')[0];
}

module.exports = load();
