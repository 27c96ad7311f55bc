'use strict';

const fs = require('fs');
const path = require('path');

/** Programs that are not part of the repository, with their Debian packages. */
const TOOLS = { promtool: 'prometheus', prometheus: 'prometheus', chromium: 'chromium' };

/** The path of a program, or `undefined`. */
function find(tool) {
  const folders = (process.env.PATH || '').split(path.delimiter).filter(Boolean);
  return folders.map((folder) => path.join(folder, tool)).find(isProgram);
}

function isProgram(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch (absent) {
    return false;
  }
}

module.exports = { TOOLS, find };
