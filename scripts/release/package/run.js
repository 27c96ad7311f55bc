'use strict';

// npm run test:package: installs the tarballs in dist/ (see `npm run pack:local`) from a registry and from the files, and uses
// them in every way on Node 18 to 24, on Linux.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { startRelay } = require('../../../__tests__/helpers/relay');
const { record } = require('../../../__tests__/helpers/answers');
const { target: ownName } = require('../../../lib/platform');
const { ROOT, output } = require('../../command');
const { mainManifest } = require('../pack/manifests');
const { nodeCommand } = require('../platforms/nodes');
const { programFrom } = require('../platforms/npm');
const { TARGETS, packageOf, targetNamed } = require('../targets');
const { CONSUMERS, RUNTIMES, consume, layOut } = require('./consumers');
const { startRegistry } = require('./registry');

const DIST = path.join(ROOT, 'dist');
const OWN = targetNamed(ownName());
const MAJORS = ['18', '20', '22', '24'];
/** Limit for `require`, because it delays the start of every program. */
const MAX_REQUIRE_MS = 10;

/** The tarballs in dist/: the main one, this platform's, and all in publishing order. */
function tarballs() {
  const { version } = mainManifest();
  const inDist = (name) => path.join(DIST, `${name}-${version}.tgz`);
  const platforms = TARGETS.map((target) => inDist(packageOf(target))).filter((file) => fs.existsSync(file));
  const main = inDist('gun-native');
  const own = inDist(packageOf(OWN));
  for (const file of [main, own]) {
    if (!fs.existsSync(file)) throw new Error(`${file} not found; run: npm run pack:local`);
  }
  return { main, own, all: [...platforms, main] };
}

/** A new project with these installed by npm. */
function projectWith(folder, args) {
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
  output('npm', ['install', '--no-audit', '--no-fund', ...args], { cwd: folder });
  layOut(folder);
  return folder;
}

/**
 * CPU time of `require` in ms: the minimum of ten fresh processes, so that other load does not matter. The first `require`
 * of a process makes Node 18 load its own loader; it is not counted.
 */
function requireMs(node, project) {
  const source = `
    require('fs');
    const before = process.cpuUsage();
    require('gun-native');
    const { user, system } = process.cpuUsage(before);
    console.log((user + system) / 1000);
  `;
  return Math.min(...Array.from({ length: 10 }, () => Number(output(node, ['-e', source], { cwd: project }))));
}

async function main() {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-package-'));
  const registry = await startRegistry();
  const relay = await startRelay({ a: record({ n: 1 }) });
  const failures = [];
  try {
    const { main: mainTarball, own, all } = tarballs();
    for (const tarball of all) registry.publish(tarball);
    const projects = {
      'from the registry': projectWith(path.join(scratch, 'registry'), ['gun-native', ...registry.args]),
      'from the files': projectWith(path.join(scratch, 'files'), ['--offline', mainTarball, own]),
    };
    const attempt = async (what, consumer, program, project) => {
      try {
        await consume(consumer, program, project, relay.url);
        console.log(`ok  ${what}`);
      } catch (error) {
        console.log(`FAILED  ${what}`);
        failures.push(`${what}: ${error.message}\n${error.stdout}`);
      }
    };
    for (const major of MAJORS) {
      const [node] = nodeCommand(OWN, major);
      for (const [way, project] of Object.entries(projects)) {
        for (const consumer of CONSUMERS) {
          if (Number(major) < consumer.below) await attempt(`Node ${major}, installed ${way}, ${consumer.name}`, consumer, node, project);
        }
      }
      const ms = requireMs(node, projects['from the files']);
      console.log(`${ms < MAX_REQUIRE_MS ? 'ok' : 'FAILED'}  Node ${major}, require() in ${ms.toFixed(1)} ms of CPU`);
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
