'use strict';

// Adds the main tarball, a bill of materials and checksums to a folder of platform tarballs. @napi-rs/cli makes neither of the
// latter two.

const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { output } = require('../command');
const { mainManifest } = require('./pack/manifests');
const { packMain } = require('./pack/tarballs');
const { TARGETS, packageOf } = require('./targets');

/** Reads Cargo.lock; installed only for a release because it is large. */
const CDXGEN = '@cyclonedx/cdxgen@12.8.4';

/** The tarballs in publishing order: the main package last, because it depends on the others. */
function assemble(folder) {
  const { name, version } = mainManifest();
  const platforms = TARGETS.map((target) => `${packageOf(target)}-${version}.tgz`);
  const isThere = (file) => fs.existsSync(path.join(folder, file));
  packMain(folder);
  billOfMaterials(folder, `${name}-${version}.tgz`);
  const tarballs = [...platforms.filter(isThere), `${name}-${version}.tgz`];
  const lines = [...tarballs, 'sbom.cdx.json'].map((file) => `${sha256(path.join(folder, file))}  ${file}\n`);
  fs.writeFileSync(path.join(folder, 'SHA256SUMS'), lines.join(''));
  return { tarballs: tarballs.map((file) => path.join(folder, file)), absent: platforms.filter((file) => !isThere(file)) };
}

/** The bill of materials in CycloneDX, from the lock file in the main tarball. */
function billOfMaterials(folder, tarball) {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-sbom-'));
  try {
    fs.copyFileSync(path.join(folder, tarball), path.join(scratch, tarball));
    output('tar', ['-xzf', tarball], { cwd: scratch });
    const file = path.resolve(folder, 'sbom.cdx.json');
    const args = ['--type=cargo', '--no-recurse', '--no-install-deps', '--spec-version=1.6', `--output=${file}`, '.'];
    const env = { npm_config_omit: 'optional' };
    output('npx', ['--yes', `--package=${CDXGEN}`, 'cdxgen', ...args], { cwd: path.join(scratch, 'package'), env });
    const { components } = JSON.parse(fs.readFileSync(file, 'utf8'));
    if (!components.some((component) => component.name === 'tokio')) throw new Error('the bill of materials lacks tokio');
  } finally {
    fs.rmSync(scratch, { recursive: true });
  }
}

function sha256(file) {
  return crypto.createHash('sha256').update(fs.readFileSync(file)).digest('hex');
}

module.exports = { assemble };
