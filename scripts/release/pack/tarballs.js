'use strict';

// Writes the tarballs of the packages. Each is assembled in a temporary folder first, because its manifest differs from the
// repository's.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { ROOT, output } = require('../../command');
const { binaryOf, packageOf } = require('../targets');
const { cargoManifest, mainManifest, platformManifest } = require('./manifests');

/** Packs the main package into a folder; returns the tarball's path. */
function packMain(folder) {
  return packed(folder, (stage) => {
    // npm itself resolves `files` in package.json.
    const [{ files }] = JSON.parse(output('npm', ['pack', '--dry-run', '--json', '--ignore-scripts']));
    for (const file of files) copy(path.join(ROOT, file.path), path.join(stage, file.path));
    fs.writeFileSync(path.join(stage, 'Cargo.toml'), cargoManifest());
    return mainManifest();
  });
}

/** Packs a target's package with this binary into a folder; returns the tarball's path. */
function packPlatform(folder, target, binary) {
  return packed(folder, (stage) => {
    copy(binary, path.join(stage, binaryOf(target)));
    copy(path.join(ROOT, 'LICENSE'), path.join(stage, 'LICENSE'));
    const readme = `# ${packageOf(target)}\n\nThe binary of gun-native for ${target.name}. Install \`gun-native\`: it brings this.\n`;
    fs.writeFileSync(path.join(stage, 'README.md'), readme);
    return platformManifest(target);
  });
}

/** Packs what `fill` writes to a folder, with the manifest that it returns. */
function packed(folder, fill) {
  fs.mkdirSync(folder, { recursive: true });
  const stage = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-pack-'));
  try {
    fs.writeFileSync(path.join(stage, 'package.json'), `${JSON.stringify(fill(stage), null, 2)}\n`);
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', path.resolve(folder)];
    const [{ filename }] = JSON.parse(output('npm', args, { cwd: stage }));
    return path.join(folder, filename);
  } finally {
    fs.rmSync(stage, { recursive: true });
  }
}

function copy(from, to) {
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.copyFileSync(from, to);
}

module.exports = { packMain, packPlatform };
