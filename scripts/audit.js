'use strict';

// npm run audit: checks dependencies for known vulnerabilities, licences and sources. It queries registries and installs
// cargo-deny if needed, which takes minutes, so it is not part of `npm test`.

const { spawnSync } = require('child_process');
const { ROOT, needsShell } = require('./command');

const CHECKS = [
  { name: 'crates: licences, sources, versions', command: ['cargo', 'deny', 'check', 'licenses', 'sources', 'bans'] },
  { name: 'crates: advisories', command: ['cargo', 'deny', 'check', 'advisories'] },
  { name: 'npm: what users get', command: ['npm', 'audit', '--omit=dev'] },
  { name: 'npm: what the tests use', command: ['node', 'scripts/audit-tests.js'] },
];

function succeeds([command, ...args], stdio = 'inherit') {
  return spawnSync(command, args, { cwd: ROOT, stdio, shell: needsShell(command) }).status === 0;
}

if (!succeeds(['cargo', 'deny', '--version'], 'ignore')) {
  console.log('== installing cargo-deny, which takes some minutes');
  if (!succeeds(['cargo', 'install', '--locked', 'cargo-deny'])) process.exit(1);
}
const results = CHECKS.map(({ name, command }) => {
  console.log(`\n== ${name}: ${command.join(' ')}`);
  return { name, passed: succeeds(command) };
});
console.log('');
for (const { name, passed } of results) console.log(`${passed ? 'PASS' : 'FAIL'}: ${name}`);
if (results.some(({ passed }) => !passed)) process.exitCode = 1;
