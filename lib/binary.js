'use strict';

const path = require('path');
const { GunError } = require('./error');
const { targets } = require('./platform');

const PREFIX = 'gun-native-';

/** The addon: the one that the user names, or the first one that loads, built in place or installed. */
function load() {
  const named = process.env.GUN_NATIVE_BINARY;
  const platforms = targets();
  const tried = [];
  const addon = named ? loadFile(path.resolve(named), tried) : loadOneOf(platforms, tried);
  if (addon === undefined) throw missing(platforms, tried);
  return addon;
}

function loadOneOf(platforms, tried) {
  for (const platform of platforms) {
    const built = path.join(__dirname, '..', `gun-native.${platform}.node`);
    const addon = loadFile(built, tried) || loadPackage(platform, tried);
    if (addon !== undefined) return addon;
  }
  return undefined;
}

function loadFile(place, tried) {
  try {
    return require(place);
  } catch (error) {
    tried.push({ place, error });
    return undefined;
  }
}

/**
 * The binary of an installed package. Each name is a literal, so that bundlers and file tracers find it, and is inside a
 * `try`, so that they accept missing ones.
 */
function loadPackage(platform, tried) {
  try {
    switch (platform) {
      case 'linux-x64-gnu':
        return require('gun-native-linux-x64-gnu');
      case 'linux-x64-musl':
        return require('gun-native-linux-x64-musl');
      case 'linux-arm64-gnu':
        return require('gun-native-linux-arm64-gnu');
      case 'linux-arm64-musl':
        return require('gun-native-linux-arm64-musl');
      case 'darwin-x64':
        return require('gun-native-darwin-x64');
      case 'darwin-arm64':
        return require('gun-native-darwin-arm64');
      case 'win32-x64-msvc':
        return require('gun-native-win32-x64-msvc');
      case 'win32-arm64-msvc':
        return require('gun-native-win32-arm64-msvc');
      default:
        throw Object.assign(new Error('no package is published for this platform'), { code: 'MODULE_NOT_FOUND' });
    }
  } catch (error) {
    tried.push({ place: `${PREFIX}${platform}`, error });
    return undefined;
  }
}

function missing(platforms, tried) {
  const message = [
    `gun-native has no binary that loads on ${platforms.join(' or ')} with Node ${process.version}. Looked for:`,
    ...tried.map(({ place, error }) => `  ${place}: ${firstLine(error)}`),
    ...likelyCause(platforms, tried),
    `To build it from source, with Rust from rustup.rs: cd ${JSON.stringify(path.join(__dirname, '..'))} && npm run build`,
    'To use a binary from elsewhere, set GUN_NATIVE_BINARY to its path.',
  ].join('\n');
  // Prefer the error of a binary that exists but does not load.
  const { error } = tried.find((one) => !isAbsent(one)) || tried[tried.length - 1];
  return new GunError(message, { code: 'ERR_GUN_BINARY_MISSING', cause: error });
}

/** Why there is no binary and what to do about it; empty if unknown. */
function likelyCause(platforms, tried) {
  const codes = tried.map(({ error }) => error.code);
  if (codes.includes('ERR_DLOPEN_DISABLED')) {
    return ['Node may not load native addons: it was started with --permission, which needs --allow-addons too, or with --no-addons.'];
  }
  if (codes.includes('ERR_ACCESS_DENIED')) {
    return ['Node may not read it: with --permission, it needs --allow-addons, and --allow-fs-read for the folder of the binary.'];
  }
  if (process.env.GUN_NATIVE_BINARY) return ['GUN_NATIVE_BINARY names it; without that variable the installed binary is used.'];
  const [platform] = platforms;
  const name = `${PREFIX}${platform}`;
  const broken = tried.find((one) => one.place.startsWith(PREFIX) && !isAbsent(one));
  if (broken) {
    return [`${broken.place} is installed, but this system cannot load it. To install it again: rm -rf node_modules && npm install`];
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
    'another platform (npm/cli issue 4828). To repair it, run:',
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

/** Whether a binary does not exist, as opposed to one that fails to load. */
function isAbsent({ error }) {
  return error.code === 'MODULE_NOT_FOUND';
}

/** The first line of an error's message; a stack of requires follows. */
function firstLine(error) {
  return String(error.message).split('\n')[0];
}

module.exports = load();
