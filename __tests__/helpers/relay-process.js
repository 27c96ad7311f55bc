'use strict';

// The scripted relay in a process of its own, so that its CPU time and memory are not counted as the client's.

const { fork } = require('child_process');
const { once } = require('events');
const { startRelay } = require('./relay');

const RETRY_LISTEN_MS = 10;

/**
 * Starts a relay process. The module `file` exports `script(options, relay, tell)`, which returns `{ answer, commands }`: the
 * relay's script, and functions that `ask(name, argument)` calls. What the script passes to `tell` goes to `onTold`.
 */
async function startRelayProcess(file, options = {}, onTold = () => {}) {
  const launch = async (extra) => {
    const child = fork(__filename, [file, JSON.stringify({ ...options, ...extra })], { execArgv: [] });
    const exited = once(child, 'exit');
    const [{ port }] = await Promise.race([once(child, 'message'), exited.then(failed)]);
    child.on('message', ({ told }) => told && onTold(told));
    return { child, exited, port };
  };
  let current = await launch({});
  let asked = 0;
  return {
    url: `http://127.0.0.1:${current.port}`,
    /** Runs a command of the script; resolves with what it returns. */
    ask: (name, argument) => {
      const id = (asked += 1);
      return new Promise((resolve, reject) => {
        const { child, exited } = current;
        const listener = (message) => {
          if (message.id !== id) return;
          child.off('message', listener);
          resolve(message.result);
        };
        child.on('message', listener);
        exited.then(failed).catch(reject);
        child.send({ id, name, argument });
      });
    },
    /** Kills it, as a crash would, and starts it again on the same port with more options. */
    restart: async (extra) => {
      const { child, exited, port } = current;
      child.kill('SIGKILL');
      await exited;
      current = await launch({ ...extra, port });
    },
    stop: async () => {
      if (current.child.connected) current.child.disconnect();
      await current.exited;
    },
    kill: () => current.child.kill('SIGKILL'),
  };
}

function failed([code, signal]) {
  throw new Error(`the relay process ended with ${signal ?? code}`);
}

/** The child's side. */
async function serve(file, { port = 0, ...options }) {
  const deferred = {};
  const relay = await listening((...request) => deferred.answer(...request), port);
  const { answer, commands = {} } = require(file).script(options, relay, (told) => process.send({ told }));
  deferred.answer = answer;
  process.on('message', async ({ id, name, argument }) => process.send({ id, result: await commands[name](argument) }));
  process.on('disconnect', () => process.exit());
  process.on('SIGINT', () => {}); // Ctrl-C reaches the whole process group; the parent ends this process
  process.send({ port: relay.port });
}

/** After a restart, the port may still be taken for a moment by a connection that was being made to it. */
async function listening(script, port) {
  for (;;) {
    try {
      return await startRelay(script, { records: false, port });
    } catch (error) {
      if (error.code !== 'EADDRINUSE') throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_LISTEN_MS));
    }
  }
}

if (require.main === module) serve(process.argv[2], JSON.parse(process.argv[3]));

module.exports = { startRelayProcess };
