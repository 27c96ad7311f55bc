'use strict';

// npm run test:platforms [target...]: builds, checks and packs each target that this machine can build, and runs the smoke
// tests against the tarballs on every available Node. With --containers, in Alpine's images.

const fs = require('fs');
const path = require('path');
const { packMain, packPlatform } = require('../pack/tarballs');
const { TARGETS, targetNamed } = require('../targets');
const { checked } = require('./binary');
const { build, isBuildable } = require('./build');
const { CACHE, TARBALLS } = require('./cache');
const { nodesFor } = require('./nodes');
const { runSmoke, smokeProject } = require('./project');

/** The folder for tarballs that are only tested here. */
const TRIALS = path.join(CACHE, 'trials');

function main(args) {
  const names = args.filter((arg) => !arg.startsWith('--'));
  const options = { inContainers: args.includes('--containers') };
  const targets = names.length > 0 ? names.map(targetNamed) : TARGETS.filter(isBuildable);
  for (const folder of [TARBALLS, TRIALS]) fs.rmSync(folder, { recursive: true, force: true });
  const mainTarball = packMain(TARBALLS);
  const tarballs = new Map();
  const rows = [];
  const linked = [];
  const failures = [];
  const attempt = (what, action) => {
    console.log(`\n== ${what}`);
    try {
      action();
    } catch (error) {
      failures.push(`${what}: ${error.message}`);
    }
  };
  for (const target of targets) {
    attempt(`${target.name}: build`, () => {
      const binary = build(target);
      if (!isOwnSystem(target) && nodesFor(target).length === 0) {
        linked.push(target);
        return;
      }
      rows.push({ target, facts: checked(target, binary), ran: [] });
      tarballs.set(target, packPlatform(isOwnSystem(target) ? TARBALLS : TRIALS, target, binary));
    });
  }
  for (const { target, ran } of rows) {
    for (const { name, command } of nodesFor(target, options)) {
      attempt(`${target.name}: smoke tests on Node ${name}`, () => {
        const project = smokeProject(target, mainTarball, tarballs);
        runSmoke(project, command(project));
        ran.push(name);
      });
    }
  }
  console.log('');
  for (const row of rows) console.log(summary(row));
  for (const { name } of linked) console.log(`${name}: linked with zig, not run`);
  if (failures.length > 0) throw new Error(failures.join('\n'));
}

/** Whether a build here is what is published. Linking for another system with zig is only a check. */
function isOwnSystem(target) {
  return target.os === process.platform;
}

function summary({ target, facts, ran }) {
  const glibc = facts.glibc ? `, glibc ${facts.glibc} or later` : '';
  const nodes = ran.length > 0 ? `ran on Node ${ran.join(', ')}` : 'not run';
  const trial = isOwnSystem(target) ? '' : '; linked with zig, not to be published';
  return `${target.name}: ${(facts.bytes / 1e6).toFixed(2)} MB${glibc}; ${nodes}${trial}`;
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error(`\n${error.message}`);
  process.exitCode = 1;
}
