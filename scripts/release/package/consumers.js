'use strict';

// The ways of using the package, each tried in a project of its own, without a compiler on the PATH.

const { execFile } = require('child_process');
const fs = require('fs');
const path = require('path');
const { promisify } = require('util');
const { ROOT } = require('../../command');

const SOURCES = path.join(__dirname, 'consumers');
const MODULES = path.join(ROOT, 'node_modules');
const JEST = path.join(MODULES, 'jest', 'bin', 'jest.js');
const TSC = path.join(MODULES, 'typescript', 'bin', 'tsc');
const STRICT = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2020', '--lib', 'es2020,dom'];

/** The output of each script: a record, a missing one, and whether a failure is a GunError. */
const ANSWERS = '[{"n":1},null,true]\n';

/** The first Node version on which esm 3.2.25 does not start. */
const FIRST_WITHOUT_ESM = 22;

/** Arguments for `node` in the project's folder, the expected output, and the first Node version that does not support it. */
const CONSUMERS = [
  { name: 'CommonJS', args: ['commonjs.cjs'], prints: ANSWERS },
  { name: 'ESM', args: ['module.mjs'], prints: ANSWERS },
  { name: 'worker thread', args: ['worker.js'], prints: ANSWERS },
  { name: 'node -r esm', args: ['-r', path.join(MODULES, 'esm'), 'esm-loader.js'], prints: ANSWERS, below: FIRST_WITHOUT_ESM },
  { name: 'jest with module reset', args: [JEST, '--rootDir=.', '--silent', '--ci', '--cacheDirectory=cache'], prints: '' },
  { name: 'TypeScript, node16', args: [TSC, ...STRICT, '--module', 'node16', 'types.ts'], prints: '' },
  { name: 'TypeScript, bundler', args: [TSC, ...STRICT, '--module', 'esnext', '--moduleResolution', 'bundler', 'types.ts'], prints: '' },
].map((consumer) => ({ below: Infinity, ...consumer }));

/** Other runtimes: their npm packages, and how they run a CommonJS script. */
const RUNTIMES = [
  { name: 'Bun', from: '@oven/bun-linux-x64', file: 'bin/bun', args: ['commonjs.cjs'] },
  { name: 'Deno', from: '@deno/linux-x64-glibc', file: 'deno', args: ['run', '--allow-all', 'commonjs.cjs'] },
].map((runtime) => ({ ...runtime, prints: ANSWERS }));

/** Copies the consumers' sources into a project. */
function layOut(project) {
  fs.cpSync(SOURCES, project, { recursive: true });
}

/** Runs one consumer with a Node or another runtime; rejects if the output differs. */
async function consume({ args, prints }, node, project, relayUrl) {
  const PATH = onlyNode(project, node);
  const env = { PATH, GUN_PEERS: relayUrl, GUN_NATIVE_LOG: 'off', DENO_DIR: project, DENO_NO_UPDATE_CHECK: '1' };
  const { stdout } = await promisify(execFile)(path.join(PATH, 'node'), args, { cwd: project, env, timeout: 120_000 });
  if (stdout !== prints) throw new Error(`printed ${JSON.stringify(stdout)}, not ${JSON.stringify(prints)}`);
}

/** A PATH with only this Node on it, in particular no cargo. */
function onlyNode(project, node) {
  const folder = path.join(project, 'bin');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder);
  fs.symlinkSync(node, path.join(folder, 'node'));
  return folder;
}

module.exports = { CONSUMERS, FIRST_WITHOUT_ESM, RUNTIMES, consume, layOut };
