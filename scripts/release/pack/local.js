'use strict';

// npm run pack:local [target...]: writes the main tarball and those of the targets (by default this machine's) to dist/, built
// as for publishing.

const fs = require('fs');
const path = require('path');
const { target: ownName } = require('../../../lib/platform');
const { ROOT } = require('../../command');
const { checked } = require('../platforms/binary');
const { build } = require('../platforms/build');
const { targetNamed } = require('../targets');
const { packMain, packPlatform } = require('./tarballs');

const DIST = path.join(ROOT, 'dist');

function main(names) {
  const targets = (names.length > 0 ? names : [ownName()]).map(targetNamed);
  fs.rmSync(DIST, { recursive: true, force: true });
  const tarballs = targets.map((target) => {
    const binary = build(target);
    checked(target, binary);
    return packPlatform(DIST, target, binary);
  });
  for (const tarball of [packMain(DIST), ...tarballs]) console.log(path.relative(ROOT, tarball));
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
