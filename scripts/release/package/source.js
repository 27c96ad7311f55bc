'use strict';

// npm run test:source [target...]: builds the sources in the packed tarball outside the repository. Built as a user would,
// they load; built as for publishing, two builds give the same bytes.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { target: ownName } = require('../../../lib/platform');
const { ROOT, output, run } = require('../../command');
const { packMain } = require('../pack/tarballs');
const { build } = require('../platforms/build');
const { binaryOf, targetNamed } = require('../targets');

/** Unpacks the main tarball; returns the package's folder. */
function unpackedMain(scratch) {
  const tarball = packMain(scratch);
  output('tar', ['-xzf', path.basename(tarball)], { cwd: scratch });
  return path.join(scratch, 'package');
}

function buildsAndLoads(source) {
  console.log('\n== npm run build in the packed sources');
  run('npm', ['run', 'build'], { cwd: source, env: { CARGO_TARGET_DIR: path.join(ROOT, 'target') } });
  const names = (cwd) => output('node', ['-p', 'Object.keys(require("./index.js")).join()'], { cwd, env: { GUN_NATIVE_BINARY: '' } }).trim();
  if (names(source) !== names(ROOT)) throw new Error(`the package built from source exports ${names(source)}`);
}

function givesTheSameBytes(target, source, scratch) {
  console.log(`\n== ${target.name}: two builds in different folders`);
  const first = fs.readFileSync(build(target));
  const cargoTarget = path.join(scratch, 'other');
  const second = fs.readFileSync(build(target, { source, cargoTarget, folder: path.join(scratch, 'binaries') }));
  if (!first.equals(second)) throw new Error(`two builds of ${binaryOf(target)} differ`);
  console.log(`${binaryOf(target)}: the same ${first.length} bytes`);
}

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-source-'));
try {
  const names = process.argv.slice(2);
  const source = fs.realpathSync(unpackedMain(scratch));
  buildsAndLoads(source);
  for (const target of (names.length > 0 ? names : [ownName()]).map(targetNamed)) givesTheSameBytes(target, source, scratch);
} catch (error) {
  console.error(`\n${error.message}`);
  process.exitCode = 1;
} finally {
  fs.rmSync(scratch, { recursive: true });
}
