'use strict';

// npm run example: an indexer in the shape of the real one, against a relay of its own or the one that GUN_PEERS names.

const { once } = require('events');
const { startGunRelay } = require('../relay');
const { createApp } = require('./app');
const { GunHelper } = require('./helpers/gun');
const { trackMemory } = require('./memory');
const { store } = require('./samples');

/** What requests under way have at the end; Docker kills after 10 s. */
const GRACE_MS = 8000;

async function main() {
  const port = setting('PORT', 3005);
  const memoryEveryMs = setting('MEMORY_LOG_MS', 60000);
  const relay = process.env.GUN_PEERS ? undefined : await startGunRelay();
  // The client reads it, and so does every GunHelper that is made later.
  if (relay) process.env.GUN_PEERS = relay.url;
  const gun = new GunHelper();
  if (relay) console.log(`✅ Relay of its own at ${relay.url}, ${await store(gun)} sample records stored`);
  else console.log(`✅ Relay at ${gun.relay.url}`);

  const server = createApp({ gun }).listen(port, process.env.BIND_ADDRESS || '127.0.0.1');
  await once(server, 'listening');
  const { address, port: chosen } = server.address();
  console.log(`✅ Indexer listening at http://${address}:${chosen}`);
  const stopTracking = trackMemory(memoryEveryMs);

  const [signal] = await Promise.race(['SIGINT', 'SIGTERM'].map((name) => once(process, name)));
  console.log(`👋 ${signal}: closing`);
  stopTracking();
  await close(server);
  // Calls whose callers have left would fail and be logged while the relay closes. It ends with this process.
  process.exit(0);
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
