'use strict';

// npm run test:observe [-- jest's arguments]: tests that need Prometheus and a browser. If one is not installed, it is reported
// and the run fails.

const { spawnSync } = require('child_process');
const { TOOLS, find } = require('./tools');
const { ROOT, needsShell } = require('../scripts/command');

const absent = Object.keys(TOOLS).filter((tool) => find(tool) === undefined);
if (absent.length > 0) {
  const packages = [...new Set(absent.map((tool) => TOOLS[tool]))];
  console.error(`Not found: ${absent.join(', ')}. On Debian and Ubuntu: apt-get install ${packages.join(' ')}`);
  process.exit(1);
}
const where = ['--roots', 'monitoring', '--testMatch', '**/*.test.js'];
const args = ['jest', ...where, '--testTimeout', '120000', ...process.argv.slice(2)];
const { status } = spawnSync('npx', args, { cwd: ROOT, stdio: 'inherit', shell: needsShell('npx') });
process.exit(status === null ? 1 : status);
