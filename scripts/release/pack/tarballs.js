'use strict';

// Writes the tarballs of the packages. Each is assembled in a temporary folder first, because its manifest differs from the
// repository's.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { NAPI, ROOT, output } = require('../../command');
const { binaryOf } = require('../targets');
const { cargoManifest, mainManifest, platformSource } = require('./manifests');

/** Packs the main package into a folder; returns the tarball's path. */
function packMain(folder) {
  return inScratch((stage) => {
    // npm itself resolves `files` in package.json.
    const [{ files }] = JSON.parse(output('npm', ['pack', '--dry-run', '--json', '--ignore-scripts']));
    for (const file of files) copy(path.join(ROOT, file.path), path.join(stage, file.path));
    fs.writeFileSync(path.join(stage, 'Cargo.toml'), cargoManifest());
    writeManifest(stage, mainManifest());
    return pack(stage, folder);
  });
}

/** Packs a target's package with this binary into a folder; returns the tarball's path. */
function packPlatform(folder, target, binary) {
  return inScratch((scratch) => {
    const stage = createPlatform(scratch, target);
    copy(binary, path.join(scratch, 'artifacts', binaryOf(target)));
    output(process.execPath, [NAPI, 'artifacts', '--cwd', scratch]);
    copy(path.join(ROOT, 'LICENSE'), path.join(stage, 'LICENSE'));
    return pack(stage, folder);
  });
}

/**
 * Creates a target's package, without its binary, in an empty folder; returns the package's folder. One target at a time, because
 * `napi artifacts` fails unless it finds the binaries of all.
 */
function createPlatform(scratch, target) {
  writeManifest(scratch, platformSource(target));
  output(process.execPath, [NAPI, 'create-npm-dirs', '--cwd', scratch]);
  return path.join(scratch, 'npm', target.name);
}

/** Packs a folder; returns the path of the tarball. */
function pack(stage, folder) {
  fs.mkdirSync(folder, { recursive: true });
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', path.resolve(folder)];
  const [{ filename }] = JSON.parse(output('npm', args, { cwd: stage }));
  return path.join(folder, filename);
}

function writeManifest(folder, manifest) {
  fs.writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

function inScratch(action) {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-pack-'));
  try {
    return action(scratch);
  } finally {
    fs.rmSync(scratch, { recursive: true });
  }
}

function copy(from, to) {
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.copyFileSync(from, to);
}

module.exports = { createPlatform, packMain, packPlatform };
