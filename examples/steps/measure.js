'use strict';

// Measures an indexer's work with its relay. Runs in its own process, started by run.js with the indexer's folder and the sizes
// of the work as JSON. Each result is a line of JSON on stdout.

const { spawn } = require('child_process');
const { once } = require('events');
const http = require('http');
const path = require('path');
const { deletedSoul, largeSoul, range } = require('./fixtures');

const [folder, sizesText] = process.argv.slice(2);
const sizes = JSON.parse(sizesText);
const load = (name) => require(path.join(folder, name));

/** Sampling interval of memory. */
const SAMPLE_MS = 5;

// stdout is for the results.
console.log = () => {};
const axios = require(require.resolve('axios', { paths: [folder] }));
axios.defaults.httpAgent = new http.Agent({ keepAlive: true, maxSockets: 50 });

const { GunHelper, RELAY } = load('helpers/gun');
const { DeletionRegistry } = load('helpers/deletions');
const { migrate } = load('helpers/migration');
const { RECORD_TYPES, Registry } = load('helpers/registry');
const { syncAll } = load('helpers/sync');

if (sizes.types) RECORD_TYPES.length = sizes.types;
const gun = new GunHelper();
const deletions = new DeletionRegistry(gun);
const records = new Map();
// Loaded before the measurement: Express alone takes about 10 MB.
const proxy = sizes.proxied ? require(require.resolve('express', { paths: [folder] }))() : undefined;
if (proxy) proxy.use('/gun-relay', load('routes/gun-relay').gunRelayRoutes());

/** Requests that reached the relay so far. Uses a new connection, because idle ones may just be closing. */
async function requestsSoFar() {
  const { data } = await axios.get(`${RELAY}/requests`, { adapter: 'http', httpAgent: new http.Agent() });
  return data.requests;
}

/** Runs an action for all items, with limited concurrency. */
async function inTurn(items, atOnce, action) {
  const rest = [...items];
  const worker = async () => {
    while (rest.length > 0) await action(rest.shift());
  };
  await Promise.all(range(atOnce).map(worker));
}

const discover = async () => `${(await new Registry(gun).discover()).length} of ${sizes.registered}`;
const sync = async () => `${await syncAll(records, deletions)} new`;

/** The parts of the work; each returns its result. */
const WORK = {
  'sync cycle, first': sync,
  'sync cycle, second': sync,
  discovery: discover,
  'discovery, again': discover,
  migration: async () => `${await migrate(gun, range(sizes.migrated).map((n) => `f3a9c1d27b40:old-${n}`))} changed`,
  'missing, ten callers': async () => {
    const souls = range(sizes.missing).map((n) => `f3a9c1d27b40:exercise-gone-${n}`);
    const answers = await Promise.all(range(10).map(() => Promise.all(souls.map((soul) => gun.getRecord(soul)))));
    return `${answers.flat().filter((record) => record === null).length} missing`;
  },
  'deletion checks': async () => {
    const souls = range(sizes.checks).map(deletedSoul);
    const kept = await deletions.withoutDeleted(souls);
    return `${souls.length - kept.length} of ${souls.length} right`;
  },
  'put, then read': async () => {
    const soul = 'f3a9c1d27b40:late';
    await gun.getRecord(soul);
    await gun.putRecord({ data: { n: 1 } }, soul);
    return (await gun.getRecord(soul)) === null ? 'missing' : 'the record';
  },
  'large records': async () => {
    let right = 0;
    await inTurn(range(sizes.largeReads), 12, async (n) => {
      const record = await gun.getRecord(largeSoul(n % sizes.large));
      if (record !== null && record.text.length === sizes.largeBytes) right += 1;
    });
    return `${right} of ${sizes.largeReads}`;
  },
  'proxy for the peers': async () => {
    const server = proxy.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${server.address().port}/gun-relay/get?soul=${largeSoul('huge')}`;
    const bytes = await readElsewhere(url, sizes.proxied);
    server.close();
    server.closeAllConnections();
    return `${(bytes / 1e6).toFixed(0)} MB`;
  },
};

/** Reads a URL several times concurrently in another process, so that its memory is not measured. Resolves with the bytes. */
async function readElsewhere(url, times) {
  const source = `
    const [url, times] = process.argv.slice(1);
    const read = async () => { let bytes = 0; for await (const chunk of (await fetch(url)).body) bytes += chunk.length; return bytes; };
    Promise.all(Array.from({ length: Number(times) }, read)).then((all) => console.log(all.reduce((one, other) => one + other)));
  `;
  const child = spawn(process.execPath, ['-e', source, url, String(times)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  await once(child, 'close');
  return Number(text);
}

/** Runs a part and returns its costs: wall time, main thread time, requests, and the peak memory above that at the start. */
async function measured(name) {
  const requests = await requestsSoFar();
  if (global.gc) global.gc();
  const held = () => {
    const { external, heapUsed } = process.memoryUsage();
    return external + heapUsed;
  };
  const atFirst = held();
  let most = atFirst;
  const timer = setInterval(() => (most = Math.max(most, held())), SAMPLE_MS);
  const busy = performance.eventLoopUtilization();
  const begun = performance.now();
  const result = await WORK[name]();
  const ms = performance.now() - begun;
  const mainMs = performance.eventLoopUtilization(busy).active;
  clearInterval(timer);
  return { name, ms, mainMs, heldMB: (Math.max(most, held()) - atFirst) / 1e6, requests: (await requestsSoFar()) - requests, result };
}

async function main() {
  for (const name of sizes.work) process.stdout.write(`${JSON.stringify(await measured(name))}\n`);
  process.exit();
}

main();
