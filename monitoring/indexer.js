'use strict';

// The example indexer in its own process, with traffic.

const { spawn } = require('child_process');
const { once } = require('events');
const path = require('path');
const readline = require('readline');

const INDEXER = path.join(__dirname, '..', 'examples', 'start.js');
/** Interval between requests like those of peers: mostly for the same records, most of which are missing. */
const EVERY_MS = 250;
/** Exercises of ten workouts; the sample relay has two of each. They are requested by the route for peers. */
const SOULS = Array.from({ length: 100 }, (_, n) => `f3a9c1d27b40:exercise-${Math.floor(n / 10)}-${n % 10}`);
const AT_ONCE = 25;

/** Starts the example on a free port of loopback. */
async function startIndexer({ env: more = {}, stderr = 'inherit' } = {}) {
  const env = { ...process.env, PORT: '0', BIND_ADDRESS: '127.0.0.1', ...more };
  const child = spawn(process.execPath, [INDEXER], { env, stdio: ['ignore', 'pipe', stderr] });
  const ended = once(child, 'exit');
  const url = await Promise.race([addressIn(child.stdout), ended.then(gone)]);
  const close = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  return { url, ended, close, stderr: child.stderr };
}

/** The address in the indexer's output. The rest of the output is read and discarded. */
function addressIn(stdout) {
  return new Promise((resolve) => {
    readline.createInterface({ input: stdout }).on('line', (line) => {
      const said = /listening at (\S+)/.exec(line);
      if (said) resolve(said[1]);
    });
  });
}

function gone([code]) {
  throw new Error(`the indexer ended with code ${code}`);
}

function keepAsking(url) {
  let asked = 0;
  const timer = setInterval(() => {
    for (let n = 0; n < AT_ONCE; n += 1) {
      const soul = SOULS[asked % SOULS.length];
      asked += 1;
      // At the end the indexer may exit before it answers.
      fetch(`${url}/gun-relay/get?soul=${soul}`).then((response) => response.arrayBuffer()).catch(() => {});
    }
  }, EVERY_MS);
  return () => clearInterval(timer);
}

module.exports = { failed: gone, keepAsking, startIndexer };
