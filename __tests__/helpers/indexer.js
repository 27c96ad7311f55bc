'use strict';

const path = require('path');
const { patchedIndexer } = require('../../examples/steps/patched');

/** The indexer on plain axios, then with one more patch each. */
const STEPS = [0, 1, 2, 3];

const undos = [];
afterEach(async () => {
  jest.restoreAllMocks();
  for (const undo of undos.splice(0)) await undo();
});

/**
 * The modules of the example's indexer with the first `steps` patches applied, loaded anew: its caches and its default client
 * are its own. `env` is in force while they load. `logged` collects what it writes to the console.
 */
function loadIndexer(steps, relayUrl, env = {}) {
  const { folder, remove } = patchedIndexer(steps);
  undos.push(remove);
  const logged = [];
  for (const name of ['log', 'warn', 'error']) jest.spyOn(console, name).mockImplementation((line) => logged.push(line));
  const before = { ...process.env };
  // Retries at once, and no circuit: what is tested here is the indexer.
  Object.assign(process.env, { GUN_PEERS: relayUrl, ...env });
  const modules = {};
  try {
    jest.isolateModules(() => {
      const load = (name) => require(path.join(folder, name));
      Object.assign(modules, load('helpers/gun'), load('helpers/deletions'), load('helpers/registry'), load('helpers/sync'));
      Object.assign(modules, load('helpers/migration'), load('app'));
      modules.axios = require(require.resolve('axios', { paths: [folder] }));
      if (steps > 0) modules.native = load('helpers/gun-native');
    });
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  }
  return { ...modules, gun: new modules.GunHelper(), folder, logged };
}

module.exports = { STEPS, loadIndexer };
