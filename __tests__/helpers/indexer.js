'use strict';

const { fork } = require('child_process');
const { once } = require('events');
const path = require('path');
const { patchedIndexer } = require('../../examples/steps/patched');

/** The indexer on plain axios, then with one more patch each. */
const STEPS = [0, 1, 2, 3];

const folders = new Map();
const children = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});
afterAll(() => {
  for (const { remove } of folders.values()) remove();
});

/**
 * The example's indexer with the first `steps` patches applied, in a process of its own with these variables. Ends with the
 * test.
 *
 * @returns `run(action, argument)`: the result of `action(modules, argument)` there, by way of JSON. `action` is sent as text, so
 * it sees nothing of its surroundings; see indexer-process.js for the modules.
 */
function startIndexer(steps, relayUrl, env = {}) {
  if (!folders.has(steps)) folders.set(steps, patchedIndexer(steps));
  const own = Object.entries(process.env).filter(([name]) => !/^(GUN_|JEST_|NODE_OPTIONS$)/.test(name));
  const child = fork(path.join(__dirname, 'indexer-process.js'), [folders.get(steps).folder], {
    env: { ...Object.fromEntries(own), GUN_PEERS: relayUrl, ...env },
    execArgv: [],
  });
  children.push(child);
  const calls = new Map();
  child.on('message', ({ id, value, failed }) => {
    const { resolve, reject } = calls.get(id);
    calls.delete(id);
    if (failed) reject(Object.assign(new Error(failed.message), failed));
    else resolve(value === undefined ? undefined : JSON.parse(value));
  });
  child.on('exit', () => {
    for (const { reject } of calls.values()) reject(new Error('the indexer has ended'));
  });
  let last = 0;
  const run = (action, argument) => new Promise((resolve, reject) => {
    last += 1;
    calls.set(last, { resolve, reject });
    child.send({ id: last, source: String(action), argument });
  });
  return { run };
}

module.exports = { STEPS, startIndexer };
