'use strict';

// npm run test:shared -- --minutes M --seed N --server NAME: three processes with one store and one relay, on real servers that are
// killed, paused, flushed, demoted and cut off. A "missing" that contradicts a put is a violation; docs/scaling.md has the promises.

const { parseArgs } = require('util');
const { startClientProcess } = require('../../helpers/client-process');
const { missingAfter, record } = require('../../helpers/answers');
const { newAuthority } = require('../../helpers/certificates');
const { Random } = require('../../helpers/random');
const { startRelay } = require('../../helpers/relay');
const { startValkey } = require('../../helpers/valkey');
const { servers } = require('./servers');
const { History } = require('./history');

const PROCESSES = 3;
const SOULS = 40;
/** A missing soul takes up to this long: many answers arrive after an invalidation. */
const RELAY_MS = 1_500;
const CALL_EVERY_MS = 6;
const PUT_EVERY_MS = 100;
const FAULT_EVERY_MS = 4_000;
/** A soul that was put is there for up to this long. */
const THERE_MS = 4_000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    server: { type: 'string', default: '' },
    /** Nothing is invalidated, which must be noticed. */
    broken: { type: 'boolean', default: false },
  },
});

/** What happens to the server and to processes; each ends by itself. */
const FAULTS = {
  kill: async ({ server, random }) => {
    await server.kill();
    await sleep(random.next() * 2_500);
    await server.restart();
  },
  pause: async ({ server, random }) => {
    server.signal('SIGSTOP');
    await sleep(random.next() * 3_000);
    server.signal('SIGCONT');
  },
  flush: ({ server }) => server.command('FLUSHALL'),
  disconnect: ({ server }) => server.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'),
  dropSubscribers: ({ server }) => server.command('CLIENT', 'KILL', 'TYPE', 'pubsub'),
  demote: async ({ server, random }) => {
    await server.command('REPLICAOF', '127.0.0.1', '1');
    await sleep(random.next() * 2_000);
    await server.command('REPLICAOF', 'NO', 'ONE');
  },
  evict: async ({ server }) => {
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random');
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    await sleep(300);
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
  },
  freeze: async ({ clients, random }) => {
    const client = random.pick(clients);
    client.signal('SIGSTOP');
    await sleep(random.next() * 5_000);
    client.signal('SIGCONT');
  },
};

async function runOn({ name, program, hasTls }, ms, seed) {
  const random = new Random(seed);
  const history = new History();
  const relay = await startRelay(
    (soul) => (history.has(soul) ? record({ soul }) : missingAfter(random.next() * RELAY_MS)),
    { records: false },
  );
  const tls = hasTls ? await newAuthority() : undefined;
  const server = await startValkey([], { program, tls: tls && { ca: tls.cert, ...(await tls.issue()) } });
  const cache = { url: server.url, ttlMs: 60_000 };
  const options = { relayUrl: relay.url, cache, ca: tls && tls.cert, retryBudget: false };
  const clients = await Promise.all(Array.from({ length: PROCESSES }, () => startClientProcess(options)));
  const counts = { calls: 0, missing: 0, puts: 0, confirmed: 0, unconfirmed: 0, faults: 0 };
  const running = new Set();
  const run = (task) => {
    const promise = task().finally(() => running.delete(promise));
    running.add(promise);
  };

  const call = async () => {
    const process = random.between(0, PROCESSES - 1);
    const soul = `soul ${random.between(0, SOULS - 1)}`;
    const { result, began, connected } = await clients[process].timed('getRecord', soul);
    counts.calls += 1;
    if (result !== null) return;
    counts.missing += 1;
    history.check({ process, soul, began, connected });
  };
  const put = async () => {
    const process = random.between(0, PROCESSES - 1);
    const soul = `soul ${random.between(0, SOULS - 1)}`;
    const entry = history.put(soul, process);
    setTimeout(() => history.remove(soul, entry), random.next() * THERE_MS);
    const { ended } = await clients[process].timed(values.broken ? 'cacheStats' : 'invalidate', soul);
    counts.puts += 1;
    entry.called = ended;
    try {
      entry.reached = (await clients[process].timed('flushed')).ended;
      counts.confirmed += 1;
    } catch (error) {
      if (error.code !== 'ERR_GUN_CACHE_STORE') throw error;
      counts.unconfirmed += 1;
    }
  };
  const fault = async () => {
    const names = Object.keys(FAULTS);
    const chosen = random.pick(names);
    history.note(chosen);
    await FAULTS[chosen]({ server, clients, random });
    counts.faults += 1;
  };

  const end = performance.now() + ms;
  const every = async (pause, task) => {
    while (performance.now() < end && history.violations.length === 0) {
      await sleep(2 * random.next() * pause);
      await task();
    }
  };
  try {
    await Promise.all(clients.map((client) => client.until(({ store }) => store.connected)));
    await Promise.all([
      every(CALL_EVERY_MS, async () => run(call)),
      every(PUT_EVERY_MS, async () => run(put)),
      every(FAULT_EVERY_MS, fault),
    ]);
    await Promise.all(running);
    const stats = await Promise.all(clients.map((client) => client.call('cacheStats')));
    counts.fromStore = stats.reduce((sum, { store }) => sum + store.loaded, 0);
    counts.joined = stats.reduce((sum, { requests }) => sum + requests.coalesced, 0);
  } finally {
    await Promise.allSettled(clients.map((client) => client.kill()));
    await server.stop();
    await relay.close();
  }
  console.log(`${name}${hasTls ? ' (TLS)' : ''}: ${Object.entries(counts).map(([what, count]) => `${count} ${what}`).join(', ')}`);
  return { counts, violations: history.violations };
}

async function main() {
  const all = servers(values.server);
  const ms = (Number(values.minutes) * 60_000) / all.length;
  if (!(ms > 0 && ms < Infinity)) throw new Error('no server that runs here, or --minutes is not above 0');
  console.log(`seed ${values.seed}, ${(ms / 1_000).toFixed(0)} s on each of ${all.map(({ name }) => name).join(', ')}`);
  for (const server of all) {
    const { counts, violations } = await runOn(server, ms, Number(values.seed));
    for (const violation of violations) console.log(`FAIL: ${violation}`);
    const idle = Object.entries(counts).filter(([name, count]) => count === 0 && name !== 'unconfirmed');
    for (const [name] of idle) console.log(`FAIL: no ${name}`);
    if (violations.length > 0 || idle.length > 0) {
      process.exitCode = 1;
      return;
    }
  }
  console.log('PASS: no violation');
}

if (require.main === module) main();

module.exports = { runOn };
