'use strict';

// node bench/shared-store.js: what the shared store costs a call and its server. Time is measured here, load as CPU time of the server,
// so a busy machine changes the first and hardly the second. docs/scaling.md has the results.

const net = require('net');
const { once } = require('events');
const { GunClient } = require('..');
const { missing } = require('../__tests__/helpers/answers');
const { startRelay } = require('../__tests__/helpers/relay');
const { startValkey } = require('../__tests__/helpers/valkey');
const { median } = require('./statistics');

const SOULS = 10_000;
const BATCH = 56;
const SINGLES = 1_000;
const HIT_ROUNDS = 2_000;
const PUTS = 2_000;
const SUBSCRIBERS = 200;

const range = (length) => Array.from({ length }, (_, index) => `f3a9c1d27b40:h:1b2c3d4e5f60:${index}`);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function info(server, section, name) {
  const [, value] = new RegExp(`^${name}:([\\d.]+)`, 'm').exec(await server.command('INFO', section));
  return Number(value);
}

/** CPU time of the server in microseconds. */
async function cpu(server) {
  return 1e6 * ((await info(server, 'cpu', 'used_cpu_user')) + (await info(server, 'cpu', 'used_cpu_sys')));
}

async function costOf(server, count, run) {
  const before = await cpu(server);
  const began = performance.now();
  await run();
  const ms = performance.now() - began;
  return { micros: ((await cpu(server)) - before) / count, perSecond: (1_000 * count) / ms };
}

function quantiles(times) {
  const sorted = [...times].sort((one, other) => one - other);
  const at = (part) => `${sorted[Math.floor(part * (sorted.length - 1))].toFixed(2)} ms`;
  return `median ${at(0.5)}, p99 ${at(0.99)}`;
}

async function timesOf(count, run) {
  const times = [];
  for (let index = 0; index < count; index += 1) {
    const began = performance.now();
    await run(index);
    times.push(performance.now() - began);
  }
  return times;
}

/** A connection that receives the messages as another process does. */
async function subscriber(server, channel) {
  const socket = net.connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.resume().write(`SUBSCRIBE ${channel}\r\n`);
  return socket;
}

/** Nanoseconds of each known-missing answer, by client, in rounds that take turns. */
async function knownMissing(clients, souls) {
  const times = clients.map(() => []);
  for (let round = 0; round < HIT_ROUNDS; round += 1) {
    for (const [at, client] of clients.entries()) {
      const began = performance.now();
      for (const soul of souls) await client.getRecord(soul);
      times[at].push((1e6 * (performance.now() - began)) / souls.length);
    }
  }
  return times.map((all) => median(all).toFixed(0));
}

/** Until nothing more is written; entries are sent after calls have settled. */
async function settled(server) {
  for (let before; ; ) {
    const now = await server.command('DBSIZE');
    if (now === before) return;
    before = now;
    await sleep(200);
  }
}

async function main() {
  const relay = await startRelay(() => missing(), { records: false });
  const server = await startValkey();
  const open = async (cache) => {
    const client = new GunClient({ relayUrl: relay.url, cache: { url: server.url, ...cache }, logger: false, statsEvery: 0 });
    while (!client.cacheStats().store.connected) await sleep(5);
    return client;
  };
  const souls = range(SOULS);
  const empty = await info(server, 'memory', 'used_memory');
  const writer = await open({ capacity: 2 * SOULS });
  const report = (what, text) => console.log(`${what.padEnd(46)} ${text}`);

  const written = await costOf(server, SOULS, async () => {
    await writer.getRecords(souls);
    await settled(server);
  });
  report('a soul looked up, then remembered', `${written.micros.toFixed(1)} µs of the server`);
  report('', `${parseInt((await server.command('DBSIZE')).slice(1), 10) - 1} of ${SOULS} are in the store`);
  report('memory', `${((await info(server, 'memory', 'used_memory')) - empty) / SOULS | 0} bytes per entry`);

  // A cache of one entry asks the store each time.
  const reader = await open({ capacity: 1 });
  report('a look-up alone', quantiles(await timesOf(SINGLES, (index) => reader.getRecord(souls[index]))));
  const alone = await costOf(server, SINGLES, () => timesOf(SINGLES, (index) => reader.getRecord(souls[index])));
  report('', `${alone.micros.toFixed(1)} µs of the server`);
  report(`a batch of ${BATCH}`, quantiles(await timesOf(SOULS / 100, (index) => reader.getRecords(souls.slice(index * BATCH, (index + 1) * BATCH)))));
  const many = await costOf(server, 5 * SOULS, async () => {
    for (let round = 0; round < 5; round += 1) await reader.getRecords(souls);
  });
  report('look-ups in large batches', `${many.micros.toFixed(1)} µs of the server, ${many.perSecond.toFixed(0)} per second from one process`);
  const plain = new GunClient({ relayUrl: relay.url, logger: false, statsEvery: 0 });
  const few = souls.slice(-1_000);
  for (const client of [writer, plain]) await client.getRecords(few);
  const [shared, own] = await knownMissing([writer, plain], few);
  report('an answer from memory', `${shared} ns, ${own} ns without a store`);
  await plain.close();
  const { store, requests } = reader.cacheStats();
  report('', `${store.loaded} answered by the store, ${requests.sent} by the relay, ${store.errors} errors`);

  report('invalidate and flushed', quantiles(await timesOf(SINGLES, async (index) => {
    writer.invalidate(souls[index]);
    await writer.flushed();
  })));
  const put = () => costOf(server, PUTS, async () => {
    for (const soul of range(PUTS)) writer.invalidate(soul);
    await writer.flushed();
  });
  const without = await put();
  const [, channel] = /(gun:\S+)/.exec(await server.command('PUBSUB', 'CHANNELS'));
  const subscribers = await Promise.all(Array.from({ length: SUBSCRIBERS }, () => subscriber(server, channel)));
  const withAll = await put();
  report('an invalidation, two processes', `${without.micros.toFixed(1)} µs of the server`);
  report('each further connected process', `${((withAll.micros - without.micros) / SUBSCRIBERS).toFixed(2)} µs of the server per invalidation`);
  for (const socket of subscribers) socket.destroy();
  const idle = await costOf(server, 2 * 10, () => sleep(10_000));
  report('a process that is idle', `${idle.micros.toFixed(0)} µs of the server per second, the server's own work included`);

  await Promise.all([writer.close(), reader.close()]);
  await server.stop();
  await relay.close();
}

main();
