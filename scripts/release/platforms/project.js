'use strict';

// A user's project with the packed tarballs and the smoke tests.

const fs = require('fs');
const path = require('path');
const { ROOT, output, run } = require('../../command');
const { packageOf } = require('../targets');
const { CACHE, once } = require('./cache');

/**
 * Makes a project as npm does on the target's system, which may differ from this one; returns its folder. npm gets the
 * tarballs of all `targets` and has to choose.
 *
 * @param {object} target
 * @param {string} mainTarball
 * @param {Map<object, string>} tarballs by target
 */
function smokeProject(target, mainTarball, tarballs) {
  const folder = path.join(CACHE, 'projects', target.name);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(path.dirname(folder), { recursive: true });
  fs.cpSync(withJest(target), folder, { recursive: true, verbatimSymlinks: true });
  const optional = [...tarballs].map(([other, tarball]) => [packageOf(other), `file:${tarball}`]);
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  manifest.dependencies['gun-native'] = `file:${mainTarball}`;
  manifest.optionalDependencies = Object.fromEntries(optional);
  manifest.jest = { roots: ['<rootDir>/__tests__'], transform: {} }; // to load babel takes minutes under emulation
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  install(target, folder, ['--prefer-offline']);
  const chosen = fs.readdirSync(path.join(folder, 'node_modules')).filter((name) => name.startsWith('gun-native-'));
  if (chosen.join() !== packageOf(target)) throw new Error(`on ${target.name} npm installed ${chosen.join(', ') || 'no binary'}`);
  for (const name of ['smoke', 'helpers']) {
    fs.cpSync(path.join(ROOT, '__tests__', name), path.join(folder, '__tests__', name), { recursive: true });
  }
  return folder;
}

/** A limit for tests that hang; emulation and a busy machine make them slow. */
const SMOKE = ['node_modules/jest/bin/jest.js', '--runInBand', '--colors=false', '--testTimeout=120000', '__tests__/smoke'];

/** Runs the smoke tests in such a project with this Node command. */
function runSmoke(project, [program, ...args]) {
  const bindings = path.join(project, 'node_modules', '@unrs');
  const [binding] = fs.readdirSync(bindings);
  const file = fs.readdirSync(path.join(bindings, binding)).find((name) => name.endsWith('.node'));
  // jest's own binary is chosen by the libc of the machine's ldd, not by this Node's.
  const env = { NAPI_RS_NATIVE_LIBRARY_PATH: path.join(bindings, binding, file) };
  run(program, [...args, ...SMOKE], { cwd: project, env });
}

/** A project with only jest, which has binaries of its own for each system. */
function withJest(target) {
  const { version } = require('jest/package.json');
  return once(`jest/${target.name}-${version}`, (folder) => {
    const { overrides } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
    fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: { jest: version }, overrides }));
    install(target, folder, []);
  });
}

function install({ os, cpu, libc }, cwd, args) {
  const system = [`--os=${os}`, `--cpu=${cpu}`, ...(libc ? [`--libc=${libc}`] : [])];
  output('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...system, ...args], { cwd });
}

module.exports = { runSmoke, smokeProject };
