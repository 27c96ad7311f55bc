'use strict';

// The published platforms, one row each. The release workflow is generated from it; tests check the README's table, the CI
// workflow and `napi` in package.json against it, which has too little: neither the runner nor npm's names.

/**
 * `name` is the loader's; `os`, `cpu` and `libc` are npm's; `triple` is rustc's; `runner` is the hosted workflows'.
 */
const TARGETS = [
  {
    name: 'linux-x64-gnu',
    os: 'linux',
    cpu: 'x64',
    libc: 'glibc',
    triple: 'x86_64-unknown-linux-gnu',
    runner: 'ubuntu-24.04',
  },
  {
    name: 'linux-x64-musl',
    os: 'linux',
    cpu: 'x64',
    libc: 'musl',
    triple: 'x86_64-unknown-linux-musl',
    runner: 'ubuntu-24.04',
  },
  {
    name: 'linux-arm64-gnu',
    os: 'linux',
    cpu: 'arm64',
    libc: 'glibc',
    triple: 'aarch64-unknown-linux-gnu',
    runner: 'ubuntu-24.04-arm',
  },
  {
    name: 'linux-arm64-musl',
    os: 'linux',
    cpu: 'arm64',
    libc: 'musl',
    triple: 'aarch64-unknown-linux-musl',
    runner: 'ubuntu-24.04-arm',
  },
  { name: 'darwin-x64', os: 'darwin', cpu: 'x64', triple: 'x86_64-apple-darwin', runner: 'macos-15-intel' },
  { name: 'darwin-arm64', os: 'darwin', cpu: 'arm64', triple: 'aarch64-apple-darwin', runner: 'macos-15' },
  { name: 'win32-x64-msvc', os: 'win32', cpu: 'x64', triple: 'x86_64-pc-windows-msvc', runner: 'windows-2025' },
  { name: 'win32-arm64-msvc', os: 'win32', cpu: 'arm64', triple: 'aarch64-pc-windows-msvc', runner: 'windows-11-arm' },
];

/** The oldest glibc that the gnu builds run on: CentOS 7, Debian 8, Ubuntu 14.04 and later. */
const GLIBC_BASELINE = '2.17';

/** The name of a target's package. */
const packageOf = (target) => `gun-native-${target.name}`;

/** The name of its binary, also in the repository after a build. */
const binaryOf = (target) => `gun-native.${target.name}.node`;

/** The row of this name. */
function targetNamed(name) {
  const target = TARGETS.find((row) => row.name === name);
  if (target !== undefined) return target;
  throw new Error(`${name} is not a target of gun-native; targets: ${TARGETS.map((row) => row.name).join(', ')}`);
}

module.exports = { GLIBC_BASELINE, TARGETS, binaryOf, packageOf, targetNamed };
