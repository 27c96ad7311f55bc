'use strict';

// npm run observe -- --outage [SECONDS]: measures how soon an outage of the relay (180 s by default) and its end are visible on
// the page, in the log and in a Prometheus with the usual interval of 15 s for scrapes and rules.

const { once } = require('events');
const net = require('net');
const readline = require('readline');
const { startGunRelay } = require('../examples/relay');
const { keepAsking, startIndexer } = require('./indexer');
const { between, sampleOf, statusOf } = require('./page/state');
const { rules, startPrometheus } = require('./prometheus');

const SCRAPE_S = 15;
const HEALTHY_MS = 120_000;
const PATIENCE_MS = 300_000;
const POLL_MS = 250;
/** Polling interval of the page. */
const PAGE_MS = 1_000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function measure(outageMs) {
  const closing = [];
  try {
    const relay = await startGunRelay();
    closing.push(() => relay.close());
    await fill(relay.url);
    const proxy = await startProxy(Number(new URL(relay.url).port));
    closing.push(() => proxy.close());
    const indexer = await startIndexer({ env: { GUN_PEERS: proxy.url }, stderr: 'pipe' });
    closing.push(() => indexer.close());
    const warned = warnings(indexer.stderr);
    const prometheus = await startPrometheus([new URL(indexer.url).host], SCRAPE_S);
    closing.push(() => prometheus.close());
    const stopAsking = keepAsking(indexer.url);
    closing.push(async () => stopAsking());
    const page = watchPage(indexer.url);
    closing.push(async () => page.stop());
    const isFiring = async () => (await rules(prometheus.url)).some(({ name, state }) => name === 'GunRelayDown' && state === 'firing');

    console.log(`${HEALTHY_MS / 1_000} s of healthy traffic, then the relay is away for ${outageMs / 1_000} s`);
    await sleep(HEALTHY_MS);
    proxy.stop();
    const lost = performance.now();
    await Promise.all([
      told('page is red', lost, () => page.level() === 'down', PAGE_MS),
      told('warn line', lost, () => warned.some(({ at }) => at >= lost)),
      told('GunRelayDown fires', lost, isFiring),
    ]);
    await sleep(Math.max(0, lost + outageMs - performance.now()));
    await proxy.start();
    const back = performance.now();
    await Promise.all([
      told('page is no longer red', back, () => page.level() !== 'down', PAGE_MS),
      told('warn line of the recovery', back, () => warned.some(({ at }) => at >= back)),
      told('GunRelayDown is over', back, async () => !(await isFiring())),
    ]);
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

/** Prints the time until `holds` is true; `lateMs` is added if the observer polls less often than this function. */
async function told(what, from, holds, lateMs = 0) {
  while (!(await holds())) {
    if (performance.now() - from > PATIENCE_MS) return console.log(`${what.padEnd(28)} not within ${PATIENCE_MS / 1_000} s`);
    await sleep(POLL_MS);
  }
  return console.log(`${what.padEnd(28)} ${((performance.now() - from + lateMs) / 1_000).toFixed(1).padStart(6)} s`);
}

/** The level on the page, computed by the same functions from the same figures. */
function watchPage(url) {
  let level;
  let samples = [];
  const timer = setInterval(async () => {
    const stats = await (await fetch(`${url}/gun/stats`)).json().catch(() => undefined);
    if (!stats) return;
    const now = sampleOf(stats, Date.now());
    samples = [...samples.filter(({ at }) => at >= now.at - 60_000), now];
    level = statusOf({ stats, minute: samples.length > 1 ? between(samples[0], now) : undefined }).level;
  }, POLL_MS);
  return { level: () => level, stop: () => clearInterval(timer) };
}

/** Log lines about the circuit with their times. Other lines are about calls. */
function warnings(stderr) {
  const found = [];
  readline.createInterface({ input: stderr }).on('line', (line) => {
    if (/\[GUN relay\] .* is (down|back)/.test(line) && !line.includes('Error in getRecord')) {
      found.push({ at: performance.now(), line });
      console.log(`  ${line}`);
    }
  });
  return found;
}

/** Stores the sample records. */
async function fill(relayUrl) {
  process.env.GUN_PEERS = relayUrl;
  const { GunHelper } = require('../examples/indexer/helpers/gun');
  const { store } = require('../examples/indexer/samples');
  await store(new GunHelper());
}

/** A proxy to the relay that can be cut: it then refuses connections, like a host whose relay has stopped. */
async function startProxy(relayPort) {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    const upstream = net.connect(relayPort, '127.0.0.1');
    for (const [one, other] of [[socket, upstream], [upstream, socket]]) {
      sockets.add(one);
      one.on('error', () => other.destroy()).on('close', () => sockets.delete(one));
      one.pipe(other);
    }
  });
  const listen = async (port) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const { port } = server.address();
  const stop = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { url: `http://127.0.0.1:${port}`, start: () => listen(port), stop, close: async () => stop() };
}

module.exports = { measure };
