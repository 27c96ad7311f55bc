'use strict';

// node scripts/release/publish.js FOLDER TAG: publishes the tarballs that the release workflow built and tested. `napi
// pre-publish` would pack folders anew, so that what is published is not what was tested, and cannot resume a release.

const fs = require('fs');
const path = require('path');
const { ROOT, output, run } = require('../command');
const { mainManifest } = require('./pack/manifests');
const { TARGETS } = require('./targets');
const { assemble } = require('./assemble');

/** Publishes tarballs in order. Published versions are skipped, so that a release can be resumed. */
function publish(tarballs, args) {
  for (const tarball of tarballs) {
    const { name, version } = JSON.parse(output('tar', ['-xzOf', tarball, 'package/package.json']));
    if (isPublished(`${name}@${version}`, args)) console.log(`${name}@${version} is already published`);
    else run('npm', ['publish', tarball, '--access=public', ...tagOf(version), ...args]);
  }
}

/** `latest` is what `npm install` uses; prereleases like 1.0.0-beta.1 go to `next`. */
function tagOf(version) {
  return version.includes('-') ? ['--tag=next'] : [];
}

function isPublished(spec, args) {
  try {
    return output('npm', ['view', spec, 'version', ...args]).trim() !== '';
  } catch (error) {
    if (/E404/.test(error.message)) return false;
    throw error;
  }
}

function main([folder, tag]) {
  const { version } = mainManifest();
  if (tag !== `v${version}`) throw new Error(`the tag is ${tag}, and package.json says ${version}`);
  const cargo = /^version = "(.+)"$/m.exec(fs.readFileSync(path.join(ROOT, 'Cargo.toml'), 'utf8'))[1];
  if (cargo !== version) throw new Error(`Cargo.toml says ${cargo}, and package.json says ${version}`);
  const { tarballs, absent } = assemble(path.resolve(folder));
  if (absent.length > 0) throw new Error(`of ${TARGETS.length} platform packages there are missing: ${absent.join(', ')}`);
  publish(tarballs, ['--provenance']);
}

if (require.main === module) main(process.argv.slice(2));

module.exports = { publish };
