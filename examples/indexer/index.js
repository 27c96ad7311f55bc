'use strict';

// npm run example: an indexer in the shape of the real one, on a relay of its own or the one that GUN_PEERS names.

const axios = require('axios');
const { once } = require('events');
const fs = require('fs');
const http = require('http');
const { trackMemory } = require('./memory');

/** What requests under way have at the end; Docker kills after 10 s. */
const GRACE_MS = 8000;

async function main() {
  const port = setting('PORT', 3005);
  const memoryEveryMs = setting('MEMORY_LOG_MS', 60000);
  const syncEveryMs = setting('GUN_SYNC_INTERVAL', 900000);
  const relay = process.env.GUN_PEERS ? undefined : await startRelay();
  prepareAxios();
  // The helpers read the environment as they are loaded.
  const { createApp } = require('./app');
  const { DeletionRegistry } = require('./helpers/deletions');
  const { GunHelper, RELAY } = require('./helpers/gun');
  const { migrate } = require('./helpers/migration');
  const { syncAll } = require('./helpers/sync');
  const gun = new GunHelper();
  if (relay) console.log(`✅ Relay of its own at ${RELAY}, ${await require('./samples').store(gun)} sample records stored`);
  else console.log(`✅ Relay at ${RELAY}`);

  const records = new Map();
  const server = createApp(records).listen(port, process.env.BIND_ADDRESS || '127.0.0.1');
  await once(server, 'listening');
  const { address, port: chosen } = server.address();
  console.log(`✅ Indexer listening at http://${address}:${chosen}`);
  const stopTracking = trackMemory(memoryEveryMs);
  const stopSync = repeat(syncEveryMs, async () => {
    const begun = performance.now();
    const added = await syncAll(records, new DeletionRegistry(gun));
    console.log(`🔄 Sync cycle: ${added} new records in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  });

  if (process.env.MIGRATE_SOULS) {
    const souls = fs.readFileSync(process.env.MIGRATE_SOULS, 'utf8').split('\n').filter(Boolean);
    migrate(gun, souls).then((changed) => console.log(`📦 Migration: ${changed} of ${souls.length} records changed`));
  }

  const [signal] = await Promise.race(['SIGINT', 'SIGTERM'].map((name) => once(process, name)));
  console.log(`👋 ${signal}: closing`);
  stopTracking();
  stopSync();
  await close(server);
  if (relay) await relay.close();
  process.exit(); // A cycle may be under way.
}

async function startRelay() {
  const { startGunRelay } = require('../relay');
  const relay = await startGunRelay();
  process.env.GUN_PEERS = relay.url;
  return relay;
}

/** What the indexer does to every request of axios: agents that keep connections, and errors that keep no body. */
function prepareAxios() {
  axios.defaults.httpAgent = new http.Agent({ keepAlive: true, maxSockets: 50 });
  axios.interceptors.response.use((response) => response, (error) => {
    const { response } = error;
    if (response) response.data = null;
    if (response && response.status !== 404) console.warn(`⚠️  ${response.status} from ${response.config.url}`);
    return Promise.reject(error);
  });
}

/** Does something now and, when it has ended, again after a while. Returns what ends that. */
function repeat(everyMs, action) {
  let timer;
  const next = () => action().catch((error) => console.error(`❌ ${error.message}`)).then(() => {
    timer = setTimeout(next, everyMs);
  });
  next();
  return () => clearTimeout(timer);
}

/** Takes no new connections and lets requests under way end, for a while. */
async function close(server) {
  const closed = once(server, 'close');
  server.keepAliveTimeout = 1; // ms: connections go with the answers under way
  server.close();
  server.closeIdleConnections();
  setTimeout(() => server.closeAllConnections(), GRACE_MS).unref();
  await closed;
}

/** A whole number from the environment. */
function setting(name, standard) {
  const text = (process.env[name] || '').trim();
  if (text === '') return standard;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`environment variable ${name} must be a whole number, got ${JSON.stringify(text)}`);
  return Number(text);
}

main().catch((error) => {
  const advice = error.code === 'EADDRINUSE' ? '; set PORT to another port, or to 0 for any' : '';
  console.error(`❌ The indexer could not start: ${error.message}${advice}`);
  process.exit(1);
});
