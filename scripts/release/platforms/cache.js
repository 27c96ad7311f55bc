'use strict';

// A cache of downloaded and unpacked files, used only by these scripts.

const fs = require('fs');
const path = require('path');
const { ROOT } = require('../../command');

const CACHE = path.join(ROOT, 'target', 'platforms');
/** The platform tarballs of a release. */
const TARBALLS = path.join(CACHE, 'tarballs');

/** The folder of this name, filled by `fill` unless an earlier run did. If `fill` fails, no folder is left. */
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
