'use strict';

// What was fetched or unpacked once is kept in a folder that nothing but these scripts uses.

const fs = require('fs');
const path = require('path');
const { ROOT } = require('../../command');

const CACHE = path.join(ROOT, 'target', 'platforms');
/** The tarballs of the platform packages that a release consists of. */
const TARBALLS = path.join(CACHE, 'tarballs');

/** The folder of this name, filled by `fill` unless an earlier run did; one that fails half-way leaves nothing that looks whole. */
function once(name, fill) {
  const folder = path.join(CACHE, name);
  if (fs.existsSync(folder)) return folder;
  const partial = `${folder}.partial`;
  fs.rmSync(partial, { recursive: true, force: true });
  fs.mkdirSync(partial, { recursive: true });
  fill(partial);
  fs.renameSync(partial, folder);
  return folder;
}

module.exports = { CACHE, TARBALLS, once };
