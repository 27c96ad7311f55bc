'use strict';

// npm run observe [-- --outage SECONDS]: starts the example indexer with its own relay, traffic, and a Prometheus.

const { once } = require('events');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { failed, keepAsking, startIndexer } = require('./indexer');
const { startPrometheus } = require('./prometheus');

async function main() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-observe-'));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  // With a store and a record cache, so that their panels have data.
  const indexer = await startIndexer({ env: { GUN_404_CACHE_FILE: path.join(folder, 'missing'), GUN_RECORD_CACHE_TTL_MS: '2000' } });
  let prometheus;
  try {
    prometheus = await startPrometheus([new URL(indexer.url).host]);
  } catch (error) {
    await indexer.close();
    throw error;
  }
  const stopTraffic = keepAsking(indexer.url);
  console.log(`page        ${indexer.url}/gun`);
  console.log(`statistics  ${indexer.url}/gun/stats`);
  console.log(`metrics     ${indexer.url}/gun/metrics`);
  console.log(`Prometheus  ${prometheus.url}/alerts, ${prometheus.url}/graph`);
  console.log('Grafana: import monitoring/dashboards/gun-native.json with this Prometheus as its source. Ctrl-C ends it all.');
  await Promise.race([...['SIGINT', 'SIGTERM'].map((signal) => once(process, signal)), indexer.ended.then(failed)]);
  stopTraffic();
  await prometheus.close();
  await indexer.close();
}

const [option, seconds = '180'] = process.argv.slice(2);
const run = option === '--outage' ? require('./outage').measure(1_000 * seconds) : main();
run.catch((error) => {
  console.error(`npm run observe: ${error.message}`);
  process.exitCode = 1;
});
