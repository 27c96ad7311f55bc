'use strict';

// The example indexer in a process of its own, and traffic for it.

const { spawn } = require('child_process');
const { once } = require('events');
const path = require('path');
const readline = require('readline');

const INDEXER = path.join(__dirname, '..', 'examples', 'indexer');
/** A question every so often, as an application asks: mostly for the same lists, and each names many that are missing. */
const EVERY_MS = 250;
const QUESTIONS = [
  'recordType=workout&resolveDepth=2&limit=5',
  'recordType=workout&resolveDepth=1&limit=10',
  'recordType=mealPlan&resolveDepth=1&limit=10',
  'recordType=mealPlan&resolveDepth=2&limit=3',
];

/** The example on a free port, with an address of loopback. */
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

/** The address that the indexer says it listens at. What else it says is read and left. */
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
    const question = QUESTIONS[asked % QUESTIONS.length];
    asked += 1;
    // At the end the indexer may be gone before an answer.
    fetch(`${url}/api/records?${question}`).then((response) => response.arrayBuffer()).catch(() => {});
  }, EVERY_MS);
  return () => clearInterval(timer);
}

module.exports = { failed: gone, keepAsking, startIndexer };
