'use strict';

// What is published: one row per platform package, and the one place that lists them. The manifests, the workflows and
// the README's table are made from it or held to it by a test.

/**
 * `name` as the loader says it; `os`, `cpu` and `libc` as npm selects by them; `triple` as rustc says it; `runner` as the
 * hosted workflows do.
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

/** The oldest glibc that the gnu builds run on: CentOS 7, Debian 8, Ubuntu 14.04 and all that is newer. */
const GLIBC_BASELINE = '2.17';

/** The name of a target's package. */
const packageOf = (target) => `gun-native-${target.name}`;

/** The name of the binary within it, and within the repository after a build. */
const binaryOf = (target) => `gun-native.${target.name}.node`;

/** The row of this name. */
function targetNamed(name) {
  const target = TARGETS.find((row) => row.name === name);
  if (target !== undefined) return target;
  throw new Error(`${name} is no target of gun-native; there are ${TARGETS.map((row) => row.name).join(', ')}`);
}

module.exports = { GLIBC_BASELINE, TARGETS, binaryOf, packageOf, targetNamed };
