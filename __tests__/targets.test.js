'use strict';

const fs = require('fs');
const path = require('path');
const { target } = require('../lib/platform');
const { cargoManifest, mainManifest, platformManifest } = require('../scripts/release/pack/manifests');
const { TARGETS, packageOf, targetNamed } = require('../scripts/release/targets');

test('the loader looks for the package of the row of this platform', () => {
  const { os, cpu } = targetNamed(target());
  expect([os, cpu]).toEqual([process.platform, process.arch]);
});

test('the main package names each platform package at exactly its own version', () => {
  const { version, optionalDependencies } = mainManifest();
  expect(optionalDependencies).toEqual(Object.fromEntries(TARGETS.map((row) => [packageOf(row), version])));
});

test('the repository names none of them, or npm ci would look for what is not published yet', () => {
  expect(require('../package.json')).not.toHaveProperty('optionalDependencies');
});

test('the published packages run nothing on install and depend on nothing else', () => {
  for (const manifest of [mainManifest(), ...TARGETS.map(platformManifest)]) {
    expect(Object.keys(manifest.scripts || {}).filter((name) => name !== 'build')).toEqual([]);
    for (const member of ['dependencies', 'devDependencies', 'bundleDependencies']) {
      expect(manifest).not.toHaveProperty(member);
    }
    const peers = Object.keys(manifest.peerDependencies || {});
    expect(peers.filter((name) => !manifest.peerDependenciesMeta[name].optional)).toEqual([]);
  }
});

test.each(TARGETS)('npm installs the package of $name on that platform alone', (row) => {
  const manifest = platformManifest(row);
  expect(manifest.name).toBe(`gun-native-${row.name}`);
  expect([manifest.os, manifest.cpu, manifest.libc]).toEqual([[row.os], [row.cpu], row.libc && [row.libc]]);
  expect(manifest.version).toBe(mainManifest().version);
});

test.each(TARGETS)("the README's table has one row for $name and claims no run elsewhere than on Linux but by Wine", ({ name, os }) => {
  const readme = fs.readFileSync(path.join(__dirname, '..', 'README.md'), 'utf8');
  const rows = readme.split('\n').filter((line) => line.startsWith('| `') && line.split('|')[1].includes(`\`${name}\``));
  expect(rows).toHaveLength(1);
  if (os !== 'linux') expect(rows[0]).toMatch(/\| linked with zig \| (not run|Node [\d, ]+, under Wine) \|$/);
});

test('the packed Cargo.toml is that of the repository without benchmarks and tests', () => {
  expect(cargoManifest()).not.toMatch(/\[\[(bench|test)\]\]|fuzz/);
  expect(cargoManifest()).toContain('\n[lints.rust]\n');
  expect(cargoManifest()).toContain('\nstrip = "symbols"\n');
});
