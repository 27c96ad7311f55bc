'use strict';

// Part of npm run audit: asks npm's registry for grave advisories about the packages that the tests use. `npm audit` alone has no
// list of exceptions, and ends in the same way whether there is an advisory or no answer.

const { spawnSync } = require('child_process');
const { ROOT, needsShell } = require('./command');

const GRAVE = ['high', 'critical'];

/** Old versions that the tests need, by place. They are only used with relays and servers of the tests. */
const NEEDED = ['node_modules/axios-1.7'];

/** What `npm audit --json` reports. Throws if the registry did not answer. */
function report() {
  const options = { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28, shell: needsShell('npm') };
  const { stdout, stderr } = spawnSync('npm', ['audit', '--json'], options);
  const answer = JSON.parse(stdout || '{}');
  if (!answer.vulnerabilities) throw new Error(answer.message || stderr || 'npm audit said nothing');
  return answer;
}

/** A line for each grave advisory, with the places where the package is; `isNeeded` if the tests need all of them. */
function graveOf({ vulnerabilities }) {
  const grave = Object.values(vulnerabilities).filter(({ severity }) => GRAVE.includes(severity));
  return grave.map(({ name, severity, via, nodes }) => {
    const reasons = via.map((reason) => (typeof reason === 'string' ? `by ${reason}` : `${reason.title}, ${reason.url}`));
    const line = `${name} (${severity}), ${nodes.join(', ')}: ${reasons.join('; ')}`;
    return { line, isNeeded: nodes.every((place) => NEEDED.includes(place)) };
  });
}

try {
  for (const { line, isNeeded } of graveOf(report())) {
    console.log(isNeeded ? `needed: ${line}` : line);
    if (!isNeeded) process.exitCode = 1;
  }
} catch (error) {
  console.error(`not checked: ${error.message}`);
  process.exitCode = 1;
}
