'use strict';

// A local registry with only what is published to it. It runs in a process of its own because npm is called synchronously.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { fork } = require('child_process');
const { once } = require('events');
const { output } = require('../../command');

/** Starts a registry; `args` make npm use it. Its packages and its npm cache are removed with it. */
async function startRegistry() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-registry-'));
  const server = fork(__filename, [folder], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [port] = await Promise.race([once(server, 'message'), once(server, 'exit').then(failed)]);
  const url = `http://127.0.0.1:${port}/`;
  // npm does not publish without a token; this registry accepts any.
  const args = [`--registry=${url}`, `--//127.0.0.1:${port}/:_authToken=anybody`, `--cache=${path.join(folder, 'cache')}`];
  return {
    url,
    args,
    publish: (tarball) => output('npm', ['publish', path.resolve(tarball), ...args]),
    async close() {
      server.kill();
      await once(server, 'exit');
      fs.rmSync(folder, { recursive: true });
    },
  };
}

function failed([code]) {
  throw new Error(`the registry ended with ${code}`);
}

async function serve(folder) {
  const { runServer } = require('verdaccio');
  const server = await runServer({
    configPath: path.join(folder, 'config.yaml'),
    self_path: folder,
    storage: path.join(folder, 'storage'),
    uplinks: {},
    packages: { '**': { access: '$all', publish: '$all' } },
    web: { enable: false },
    max_body_size: '64mb',
    log: { type: 'stdout', format: 'pretty', level: 'fatal' },
  });
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  process.once('disconnect', () => process.exit());
}

if (require.main === module) serve(process.argv[2]);

module.exports = { startRegistry };
