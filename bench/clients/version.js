'use strict';

const fs = require('fs');
const path = require('path');

/** Version of an installed package, also of one that does not let its package.json be required. */
module.exports = function installedVersion(name) {
  const file = path.join(__dirname, '../../node_modules', name, 'package.json');
  return JSON.parse(fs.readFileSync(file, 'utf8')).version;
};
