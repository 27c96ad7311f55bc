'use strict';

// The packages as npm makes and installs them, with the binary that was built in place. Every Node and every way of use:
// `npm run test:package`.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { TARGETS, binaryOf, packageOf, targetNamed } = require('../scripts/release/targets');
const { output } = require('../scripts/command');
const { createPlatform, packMain, packPlatform } = require('../scripts/release/pack/tarballs');
const { target } = require('../lib/platform');
const { record } = require('./helpers/answers');
const { ROOT, runFile } = require('./helpers/child');
const { newRelay } = require('./helpers/setup');

/** npm itself takes seconds on a machine that does other things too. */
jest.setTimeout(120_000);

const OWN = targetNamed(target());
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-package-'));
afterAll(() => fs.rmSync(scratch, { recursive: true }));

let main;
let platform;
let project;
beforeAll(() => {
  main = packMain(scratch);
  platform = packPlatform(scratch, OWN, path.join(ROOT, binaryOf(OWN)));
  project = path.join(scratch, 'project');
  fs.mkdirSync(project);
  fs.writeFileSync(path.join(project, 'package.json'), '{"private":true}');
  output('npm', ['install', '--offline', main, platform], { cwd: project });
});

/** The files in a folder, by their paths in it. */
function filesIn(folder) {
  const entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.relative(folder, path.join(entry.parentPath || entry.path, entry.name)));
}

test('installed from the files, the package loads the binary of its platform package and makes a call', async () => {
  const relay = await newRelay({ a: record({ n: 1 }) });
  const file = path.join(project, 'indexer.js');
  fs.writeFileSync(file, `
    const { getRecord } = require('gun-native');
    getRecord('a').then((answer) => {
      console.log(answer, Object.keys(require.cache).filter((name) => name.endsWith('.node')).join());
    });
  `);
  const { code, stdout, stderr } = await runFile(file, { env: { GUN_PEERS: relay.url } });
  const binary = path.join(fs.realpathSync(project), 'node_modules', packageOf(OWN), binaryOf(OWN));
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `{ n: 1 } ${binary}\n`, stderr: '' });
});

test('the main package holds what runs, what describes it and what builds it, and nothing else', () => {
  const files = filesIn(path.join(project, 'node_modules', 'gun-native')).map((file) => file.split(path.sep).join('/'));
  const expected = /^(index\.(js|d\.ts)|(axios|http|metrics)\.js|monitoring\/(dashboards\/[\w-]+\.json|alerts\/[\w.-]+\.yml)|package\.json|README\.md|LICENSE|Cargo\.toml|Cargo\.lock|scripts\/build\.js|(bin|lib)\/[\w/-]+\.js|lib\/[\w-]+\.d\.ts|lib\/metrics\/page\.html|src\/[\w/]+\.rs|src\/binding\/Cargo\.toml)$/;
  expect(files.filter((file) => !expected.test(file))).toEqual([]);
  expect(files.filter((file) => /tests(\/|\.rs$)|permutations\.rs$|\.node$/.test(file))).toEqual([]);
  const { bin } = require('../package.json');
  for (const name of [...Object.values(bin), 'index.js', 'index.d.ts', 'lib/binary.js', 'src/lib.rs', 'Cargo.lock', 'LICENSE', 'README.md']) {
    expect(files).toContain(name);
  }
});

test('the platform package holds its binary and nothing else', () => {
  const files = filesIn(path.join(project, 'node_modules', packageOf(OWN)));
  expect(files.sort()).toEqual(['LICENSE', 'README.md', binaryOf(OWN), 'package.json'].sort());
});

/** The manifest of an installed package. */
const installed = (name) => JSON.parse(fs.readFileSync(path.join(project, 'node_modules', name, 'package.json'), 'utf8'));

test('the packages run nothing on install and depend on nothing else', () => {
  for (const manifest of [installed('gun-native'), installed(packageOf(OWN))]) {
    expect(Object.keys(manifest.scripts || {}).filter((name) => name !== 'build')).toEqual([]);
    for (const member of ['dependencies', 'devDependencies', 'bundleDependencies', 'napi']) {
      expect(manifest).not.toHaveProperty(member);
    }
    const peers = Object.keys(manifest.peerDependencies || {});
    expect(peers.filter((name) => !manifest.peerDependenciesMeta[name].optional)).toEqual([]);
  }
});

test.each(TARGETS)('npm installs the package of $name on that platform only', (row) => {
  const folder = createPlatform(fs.mkdtempSync(path.join(scratch, 'platform-')), row);
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  expect(manifest.name).toBe(packageOf(row));
  expect(manifest.main).toBe(binaryOf(row));
  expect([manifest.os, manifest.cpu, manifest.libc]).toEqual([[row.os], [row.cpu], row.libc && [row.libc]]);
  expect(manifest.version).toBe(require('../package.json').version);
});

test('the main package is built from source without a dependency', () => {
  expect(installed('gun-native').scripts.build).toBe('node scripts/build.js');
});

test('cargo reads the manifest of the packed sources, with the lock file as it is', () => {
  const args = ['metadata', '--locked', '--format-version=1', '--no-deps', '--offline'];
  const { packages } = JSON.parse(output('cargo', args, { cwd: path.join(project, 'node_modules', 'gun-native') }));
  expect(packages.map(({ name }) => name).sort()).toEqual(['gun-native', 'gun-native-binding']);
});

test('publint finds nothing to say about the tarballs', () => {
  for (const tarball of [main, platform]) {
    expect(output('npx', ['publint', 'run', tarball, '--level', 'warning', '--strict'])).toContain('All good!');
  }
});

test('the types are right for every way of importing', () => {
  expect(output('npx', ['attw', main, '--format', 'ascii', '--no-color'])).toContain('No problems found');
});
