'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { target } = require('../lib/platform');
const { cargoManifest, mainManifest } = require('../scripts/release/pack/manifests');
const { checked } = require('../scripts/release/platforms/binary');
const { TARGETS, binaryOf, packageOf, targetNamed } = require('../scripts/release/targets');

test('the loader looks for the package of the row of this platform', () => {
  const own = targetNamed(target());
  expect([own.os, own.cpu]).toEqual([process.platform, process.arch]);
});

test('the main package names each platform package at exactly its own version', () => {
  const { version, optionalDependencies } = mainManifest();
  expect(optionalDependencies).toEqual(Object.fromEntries(TARGETS.map((row) => [packageOf(row), version])));
});

test('the repository names none of them, because npm ci would look for unpublished versions', () => {
  expect(require('../package.json')).not.toHaveProperty('optionalDependencies');
});

test('@napi-rs/cli has the same targets', () => {
  const { binaryName, targets } = require('../package.json').napi;
  expect(targets).toEqual(TARGETS.map(({ triple }) => triple));
  expect(TARGETS.map(binaryOf)).toEqual(TARGETS.map(({ name }) => `${binaryName}.${name}.node`));
});

test.each(TARGETS)("the README's table has one row for $name and claims no run elsewhere than on Linux but by Wine", ({ name, os: system }) => {
  const readme = fs.readFileSync(path.join(__dirname, '..', 'README.md'), 'utf8');
  const rows = readme.split('\n').filter((line) => line.startsWith('| `') && line.split('|')[1].includes(`\`${name}\``));
  expect(rows).toHaveLength(1);
  if (system !== 'linux') expect(rows[0]).toMatch(/\| linked with zig \| (not run|Node [\d, ]+, under Wine) \|$/);
});

test('the packed Cargo.toml is that of the repository without benchmarks and tests', () => {
  expect(cargoManifest()).not.toMatch(/\[\[(bench|test)\]\]|fuzz/);
  expect(cargoManifest()).toContain('\n[workspace.lints.rust]\n');
  expect(cargoManifest()).toContain('\nstrip = "symbols"\n');
});

describe('the checks of a binary', () => {
  const TARGET = targetNamed('darwin-arm64');
  const MAGIC = '\xcf\xfa\xed\xfe';
  const EXPORT = '_napi_register_module_v1';

  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-'));
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  function check(text) {
    const file = path.join(folder, 'addon.node');
    fs.writeFileSync(file, text, 'latin1');
    return checked(TARGET, file);
  }

  test('a binary without a fault passes', () => {
    expect(check(MAGIC + EXPORT)).toEqual({ bytes: MAGIC.length + EXPORT.length, glibc: undefined });
  });

  test.each([
    ['is for another system', `\x7fELF${EXPORT}`, 'no binary for darwin'],
    ['exports no addon', MAGIC, 'exports no addon'],
    ['is too large', MAGIC + EXPORT + ' '.repeat(4_000_000), '4000000 are allowed'],
    ["holds the repository's folder", `${MAGIC}${EXPORT}${path.resolve(__dirname, '..')}${path.sep}src`, 'a path of this machine'],
    ["holds anybody's home", `${MAGIC}${EXPORT}/home/somebody/.cargo/registry`, 'a path of this machine: /home/somebody'],
    ['asks for a glibc where there is none', `${MAGIC}${EXPORT}GLIBC_2.17`, 'asks for glibc 2.17'],
  ])('a binary that %s is refused', (what, text, reason) => {
    expect(() => check(text)).toThrow(reason);
  });
});
