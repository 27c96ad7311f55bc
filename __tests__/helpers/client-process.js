'use strict';

// A GunClient in a process of its own, whose methods are called from here.

const { fork } = require('child_process');
const { once } = require('events');
const { ownEnvironment } = require('./child');

/**
 * Starts a process with a client. `call` resolves with a method's result; `timed` with `{ result, began, ended, connected }`, times
 * as `performance.timeOrigin + performance.now()`, and whether the client was connected to its store when the call began.
 */
async function startClientProcess(options) {
  const child = fork(__filename, [JSON.stringify(options)], { execArgv: [], env: ownEnvironment() });
  const exited = once(child, 'exit');
  const calls = new Map();
  let last = 0;
  const lines = [];
  child.on('message', ({ id, error, line, ...outcome }) => {
    if (line) return lines.push(line);
    const { resolve, reject } = calls.get(id);
    calls.delete(id);
    return error ? reject(Object.assign(new Error(error.message), error)) : resolve(outcome);
  });
  exited.then(() => {
    for (const { reject } of calls.values()) reject(new Error('the client process has ended'));
  });
  const timed = (method, ...args) =>
    new Promise((resolve, reject) => {
      last += 1;
      calls.set(last, { resolve, reject });
      child.send({ id: last, method, args });
    });
  const call = async (...words) => (await timed(...words)).result;
  return {
    call,
    timed,
    /** What its client has logged with `warn`. */
    lines,
    /** Calls `cacheStats` until it satisfies `isSo`. */
    until: async (isSo) => {
      while (!isSo(await call('cacheStats'))) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    signal: (name) => child.kill(name),
    /** Ends it as a deployment does, with `close`. */
    stop: async () => {
      if (child.exitCode === null && child.connected) child.disconnect();
      await exited;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** The child's side. */
function serve(options) {
  const { GunClient } = require('../../index.js');
  const warn = (line) => process.connected && process.send({ line });
  const client = new GunClient({ ...options, logger: { log() {}, warn, error() {} } });
  const now = () => performance.timeOrigin + performance.now();
  const isConnected = () => Boolean((client.cacheStats().store || {}).connected);
  process.on('message', async ({ id, method, args }) => {
    const began = now();
    const before = isConnected();
    try {
      const call = client[method](...args);
      const connected = before && isConnected();
      const result = await call;
      process.send({ id, result, began, ended: now(), connected });
    } catch ({ message, code }) {
      process.send({ id, error: { message, code } });
    }
  });
  process.on('disconnect', () => client.close());
}

if (require.main === module) serve(JSON.parse(process.argv[2]));

module.exports = { startClientProcess };
