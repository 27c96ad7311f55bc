'use strict';

// npm run observe: the example indexer with a relay of its own, traffic, and a Prometheus that scrapes it.

const { spawn } = require('child_process');
const { once } = require('events');
const path = require('path');
const readline = require('readline');
const { startPrometheus } = require('./prometheus');

const INDEXER = path.join(__dirname, '..', 'examples', 'indexer');
/** A question every so often, as an application asks: mostly for the same lists, and each names many that are missing. */
const EVERY_MS = 250;
const QUESTIONS = [
  'recordType=workout&resolveDepth=2&limit=5',
  'recordType=workout&resolveDepth=1&limit=10',
  'recordType=mealPlan&resolveDepth=1&limit=10',
  'recordType=mealPlan&resolveDepth=2&limit=3',
];

async function main() {
  const indexer = await startIndexer();
  let prometheus;
  try {
    prometheus = await startPrometheus([new URL(indexer.url).host]);
  } catch (error) {
    await indexer.close();
    throw error;
  }
  const stopTraffic = keepAsking(indexer.url);
  console.log(`page        ${indexer.url}/gun`);
  console.log(`figures     ${indexer.url}/api/gun/stats`);
  console.log(`metrics     ${indexer.url}/metrics`);
  console.log(`Prometheus  ${prometheus.url}/alerts, ${prometheus.url}/graph`);
  console.log('Grafana: import monitoring/dashboards/gun-native.json with this Prometheus as its source. Ctrl-C ends it all.');
  await Promise.race([...['SIGINT', 'SIGTERM'].map((signal) => once(process, signal)), indexer.ended.then(gone)]);
  stopTraffic();
  await prometheus.close();
  await indexer.close();
}

/** The example on a free port, with an address of loopback. */
async function startIndexer() {
  const env = { ...process.env, PORT: '0', BIND_ADDRESS: '127.0.0.1' };
  const child = spawn(process.execPath, [INDEXER], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const url = await Promise.race([addressIn(child.stdout), ended.then(gone)]);
  const close = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  return { url, ended, close };
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

main().catch((error) => {
  console.error(`It could not be observed: ${error.message}`);
  process.exitCode = 1;
});
