'use strict';

// Debian packages, unpacked into a folder and never installed: compilers, Wine and emulators for targets that this machine is not.

const fs = require('fs');
const path = require('path');
const { output } = require('../../command');
const { once } = require('./cache');

const APT = '/etc/apt';
/** The first Debian release whose musl, glibc and Wine run all Node versions. */
const LATER_SUITE = 'trixie';

/** A folder with these packages unpacked, from the given suite or the machine's own. */
function unpacked(name, packages, suite) {
  return once(`debian/${name}`, (folder) => {
    const env = suite === undefined ? {} : suiteEnvironment(suite);
    const downloads = path.join(folder, 'downloads');
    fs.mkdirSync(downloads);
    output('apt-get', ['download', ...packages], { cwd: downloads, env });
    for (const file of fs.readdirSync(downloads)) output('dpkg', ['-x', path.join(downloads, file), folder]);
    fs.rmSync(downloads, { recursive: true });
    // Debian unpacks to /usr, while programs refer to their loader in /lib.
    if (!fs.existsSync(path.join(folder, 'lib'))) fs.symlinkSync('usr/lib', path.join(folder, 'lib'));
  });
}

/** These packages and their dependencies that are not installed here. */
function withDependencies(packages) {
  const uris = output('apt-get', ['install', '--print-uris', '-y', '--no-install-recommends', ...packages]);
  return [...uris.matchAll(/^'[^']+' ([^_\s]+)_/gm)].map(([, name]) => name);
}

/** A separate apt configuration for a suite: the machine's sources with the suite's name. */
function suiteEnvironment(suite) {
  const folder = once(`apt/${suite}`, (partial) => {
    for (const name of ['lists/partial', 'cache/archives/partial', 'sources']) fs.mkdirSync(path.join(partial, name), { recursive: true });
    for (const [name, text] of sources()) fs.writeFileSync(path.join(partial, 'sources', name), text.replaceAll(codename(), suite));
  });
  const config = path.join(folder, 'apt.conf');
  if (!fs.existsSync(config)) {
    const lines = [
      `Dir::State::Lists "${folder}/lists";`,
      'Dir::State::status "/dev/null";',
      `Dir::Cache "${folder}/cache";`,
      'Dir::Etc::sourcelist "/dev/null";',
      `Dir::Etc::sourceparts "${folder}/sources";`,
      'APT::Architectures { "amd64"; "arm64"; };',
    ];
    fs.writeFileSync(config, `${lines.join('\n')}\n`);
    output('apt-get', ['update'], { env: { APT_CONFIG: config } });
  }
  return { APT_CONFIG: config };
}

/** The machine's own apt source files. */
function sources() {
  const folder = path.join(APT, 'sources.list.d');
  const names = fs.readdirSync(folder).filter((name) => /\.(list|sources)$/.test(name));
  const files = [path.join(APT, 'sources.list'), ...names.map((name) => path.join(folder, name))];
  return files
    .filter((file) => fs.existsSync(file))
    .map((file) => [path.basename(file), fs.readFileSync(file, 'utf8')])
    .filter(([, text]) => new RegExp(`(?<![\\w-])${codename()}\\b`).test(text));
}

/** The name of this machine's suite; throws if it is not Debian. */
function codename() {
  const [, name] = /^VERSION_CODENAME=(\w+)$/m.exec(fs.readFileSync('/etc/os-release', 'utf8'));
  return name;
}

module.exports = { LATER_SUITE, unpacked, withDependencies };
