'use strict';

// An indexer in its own process, because there is one default client per process. It runs functions that are sent as text, with
// the indexer's modules, and sends the results back. Console output is recorded.

const path = require('path');

const [folder] = process.argv.slice(2);
const logged = [];
for (const name of ['log', 'warn', 'error']) console[name] = (line) => logged.push(line);

const names = ['gun', 'deletions', 'registry', 'sync', 'migration', 'private'];
const modules = Object.assign({ logged, require }, ...names.map((name) => require(path.join(folder, 'helpers', name))));
modules.gun = new modules.GunHelper();
modules.deletions = new modules.DeletionRegistry(modules.gun);

/** Serves these records, a Map, and returns the address. Express is loaded only for this: it takes long. */
modules.serve = async (records = new Map()) => {
  const server = require(path.join(folder, 'app')).createApp(records).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${server.address().port}`;
};

process.on('message', async ({ id, source, argument }) => {
  try {
    const action = new Function(`return (${source})`)();
    process.send({ id, value: JSON.stringify(await action(modules, argument)) });
  } catch ({ code, message }) {
    process.send({ id, failed: { code, message } });
  }
});
process.on('disconnect', () => process.exit());
