'use strict';

const { fork } = require('child_process');
const { once } = require('events');
const path = require('path');

/** Starts the relay of the soaks; relay.js beside this has its options. */
async function startRelay(options = {}) {
  const stored = [];
  const first = await launch(options, stored);
  const { port } = first;
  let { child } = first;
  return {
    url: `http://127.0.0.1:${port}`,
    /** How long it waits before it says missing. */
    waitFor: (waitMs) => child.send({ waitMs }),
    /** Ends it as a crash would, and starts it on the same port with what was put. */
    restart: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      ({ child } = await launch({ ...options, port }, stored));
    },
    stop: async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

async function launch(options, stored) {
  const child = fork(path.join(__dirname, 'relay.js'), [JSON.stringify({ ...options, stored })]);
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the relay ended with ${code} before it listened`);
  });
  const [{ port }] = await Promise.race([once(child, 'message'), ended]);
  ended.catch(() => {}); // from here on its end is wanted, or shows in what is asked of it
  child.on('message', (message) => {
    if (message.put) stored.push(message.put);
  });
  return { child, port };
}

module.exports = { startRelay };
