'use strict';

// The manifests of the published packages. The repository's own package.json cannot name the platform packages: `npm ci` would
// look for a version that is not published yet. `napi pre-publish` would add them there, but only where all eight binaries are.

const fs = require('fs');
const path = require('path');
const { ROOT } = require('../../command');
const { TARGETS, packageOf } = require('../targets');

/** Members that both kinds of package share. */
const SHARED = ['version', 'license', 'keywords', 'engines'];
/** Members for development only. */
const DEVELOPMENT = ['devDependencies', 'jest', 'napi', 'overrides'];
/** Builds the published sources without a dependency; the repository's own `build` needs @napi-rs/cli. */
const BUILD = 'node scripts/build.js';

function ownManifest() {
  return JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
}

/** The main package's manifest: nothing for development, and one optional package per target, of exactly its version. */
function mainManifest() {
  const manifest = ownManifest();
  for (const member of DEVELOPMENT) delete manifest[member];
  return {
    ...manifest,
    ...repository(),
    scripts: { build: BUILD },
    optionalDependencies: Object.fromEntries(TARGETS.map((target) => [packageOf(target), manifest.version])),
  };
}

/** The manifest from which `napi create-npm-dirs` derives that of one target's package. */
function platformSource(target) {
  const own = ownManifest();
  return {
    name: own.name,
    ...Object.fromEntries(SHARED.map((member) => [member, own[member]])),
    description: `The binary of gun-native for ${target.name}`,
    ...repository(),
    napi: { ...own.napi, targets: [target.triple] },
  };
}

/** The repository that the hosted workflow builds from; npm checks provenance against it. */
function repository() {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY } = process.env;
  if (!GITHUB_REPOSITORY) return {};
  return { repository: { type: 'git', url: `git+${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}.git` } };
}

/** Cargo.toml without benchmarks and tests: cargo rejects a manifest that names missing files, and the package has neither. */
function cargoManifest() {
  const text = fs.readFileSync(path.join(ROOT, 'Cargo.toml'), 'utf8');
  return text.replace(/^\[\[(?:bench|test)\]\]\n(.+\n)+\n?/gm, '');
}

module.exports = { cargoManifest, mainManifest, platformSource };
