'use strict';

// The ways in which a package is used, each tried as its user would: in a project of its own, where no compiler is found.

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

/** What each script prints: a record, a missing one, and whether a failure is a GunError. */
const ANSWERS = '[{"n":1},null,true]\n';

/** The first Node on which esm 3.2.25 does not start, whatever it is to load. */
const FIRST_WITHOUT_ESM = 22;

/** The arguments that follow `node`, in the project's folder, what is printed then, and below which Node that can be done. */
const CONSUMERS = [
  { name: 'CommonJS', args: ['commonjs.cjs'], prints: ANSWERS },
  { name: 'ESM', args: ['module.mjs'], prints: ANSWERS },
  { name: 'worker thread', args: ['worker.js'], prints: ANSWERS },
  { name: 'node -r esm', args: ['-r', path.join(MODULES, 'esm'), 'esm-loader.js'], prints: ANSWERS, below: FIRST_WITHOUT_ESM },
  { name: 'jest with module reset', args: [JEST, '--rootDir=.', '--silent', '--ci', '--cacheDirectory=cache'], prints: '' },
  { name: 'TypeScript, node16', args: [TSC, ...STRICT, '--module', 'node16', 'types.ts'], prints: '' },
  { name: 'TypeScript, bundler', args: [TSC, ...STRICT, '--module', 'esnext', '--moduleResolution', 'bundler', 'types.ts'], prints: '' },
].map((consumer) => ({ below: Infinity, ...consumer }));

/** Runtimes other than Node: where npm has them, and how they run a script of CommonJS. */
const RUNTIMES = [
  { name: 'Bun', from: '@oven/bun-linux-x64', file: 'bin/bun', args: ['commonjs.cjs'] },
  { name: 'Deno', from: '@deno/linux-x64-glibc', file: 'deno', args: ['run', '--allow-all', 'commonjs.cjs'] },
].map((runtime) => ({ ...runtime, prints: ANSWERS }));

/** Puts the consumers' sources into a project. */
function layOut(project) {
  fs.cpSync(SOURCES, project, { recursive: true });
}

/** Runs one consumer with a Node or what takes its place; rejects where it does not print what it should. */
async function consume({ args, prints }, node, project, relayUrl) {
  const PATH = onlyNode(project, node);
  const env = { PATH, GUN_PEERS: relayUrl, GUN_NATIVE_LOG: 'off', DENO_DIR: project, DENO_NO_UPDATE_CHECK: '1' };
  const { stdout } = await promisify(execFile)(path.join(PATH, 'node'), args, { cwd: project, env, timeout: 120_000 });
  if (stdout !== prints) throw new Error(`printed ${JSON.stringify(stdout)}, not ${JSON.stringify(prints)}`);
}

/** A PATH on which there is this Node and nothing else, least of all cargo. */
function onlyNode(project, node) {
  const folder = path.join(project, 'bin');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder);
  fs.symlinkSync(node, path.join(folder, 'node'));
  return folder;
}

module.exports = { CONSUMERS, FIRST_WITHOUT_ESM, RUNTIMES, consume, layOut };
