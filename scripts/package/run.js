'use strict';

// npm run test:package: packs what is published for this machine, installs it through a registry and from the files, and
// uses it in every way on every Node. Needs `npm run pack:local` first, and says so.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { startRelay } = require('../../__tests__/helpers/relay');
const { record } = require('../../__tests__/helpers/answers');
const { target: ownName } = require('../../lib/platform');
const { ROOT, output } = require('../command');
const { nodeCommand } = require('../platforms/nodes');
const { programFrom } = require('../platforms/npm');
const { targetNamed } = require('../targets');
const { CONSUMERS, RUNTIMES, consume, layOut } = require('./consumers');
const { startRegistry } = require('./registry');

const DIST = path.join(ROOT, 'dist');
const MAJORS = ['18', '20', '22', '24'];
/** A `require` that takes more is felt at the start of a program. */
const MAX_REQUIRE_MS = 10;

/** The tarballs in dist/ of this version, platform packages first: the main one asks for them. */
function tarballs() {
  const names = fs.existsSync(DIST) ? fs.readdirSync(DIST).filter((name) => name.endsWith('.tgz')) : [];
  if (names.length < 2) throw new Error('dist/ has no tarballs yet: npm run pack:local');
  const isMain = (name) => /^gun-native-\d/.test(name);
  return [...names.filter((name) => !isMain(name)), ...names.filter(isMain)].map((name) => path.join(DIST, name));
}

/** An empty project in which npm installs these. */
function projectWith(folder, args) {
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
  output('npm', ['install', '--no-audit', '--no-fund', ...args], { cwd: folder });
  layOut(folder);
  return folder;
}

/** What a `require` takes of the processor, whatever else the machine does meanwhile: the least of ten fresh processes. */
function requireMs(node, project) {
  const source = 'const t = process.cpuUsage(); require("gun-native"); const { user, system } = process.cpuUsage(t); console.log((user + system) / 1000)';
  return Math.min(...Array.from({ length: 10 }, () => Number(output(node, ['-e', source], { cwd: project }))));
}

async function main() {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-package-'));
  const registry = await startRegistry();
  const relay = await startRelay({ a: record({ n: 1 }) });
  const failures = [];
  try {
    for (const tarball of tarballs()) registry.publish(tarball);
    const projects = {
      'from the registry': projectWith(path.join(scratch, 'registry'), ['gun-native', ...registry.args]),
      'from the files': projectWith(path.join(scratch, 'files'), ['--offline', ...tarballs()]),
    };
    const attempt = async (what, consumer, program, project) => {
      try {
        const isPossible = await consume(consumer, program, project, relay.url);
        console.log(isPossible ? `ok  ${what}` : `--  ${what}: not to be had on this Node, with or without the package`);
      } catch (error) {
        console.log(`FAILED  ${what}`);
        failures.push(`${what}: ${error.message}\n${error.stdout}`);
      }
    };
    for (const major of MAJORS) {
      const [node] = nodeCommand(targetNamed(ownName()), major);
      for (const [way, project] of Object.entries(projects)) {
        for (const consumer of CONSUMERS) await attempt(`Node ${major}, installed ${way}, ${consumer.name}`, consumer, node, project);
      }
      const ms = requireMs(node, projects['from the files']);
      console.log(`${ms < MAX_REQUIRE_MS ? 'ok' : 'FAILED'}  Node ${major}, require() in ${ms.toFixed(1)} ms of the processor`);
      if (ms >= MAX_REQUIRE_MS) failures.push(`Node ${major}: require() took ${ms} ms`);
    }
    for (const runtime of RUNTIMES) {
      const program = programFrom(runtime.from, runtime.file);
      const version = output(program, ['--version']).split('\n')[0];
      await attempt(`${runtime.name} (${version}), installed from the files, CommonJS`, runtime, program, projects['from the files']);
    }
  } finally {
    await relay.close();
    await registry.close();
    fs.rmSync(scratch, { recursive: true });
  }
  if (failures.length > 0) throw new Error(`\n${failures.join('\n')}`);
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
