'use strict';

const { once } = require('events');
const { Worker } = require('worker_threads');
const { check, held, heldAgain } = require('./settle');
const { startRelay } = require('./relay');

const AT_ONCE = 10;

/** The load of a worker, by its index: a client of its own, the shared one, calls that answer, stall, fail and are aborted. */
const CODE = `
  const { parentPort, workerData } = require('worker_threads');
  const gun = require(workerData.index);
  const client = new gun.GunClient({ logger: false, relayUrl: workerData.relayUrl, backoff: { baseMs: 1, maxMs: 2 } });
  const ignore = () => {};
  const { signal } = new AbortController();
  for (let n = 0; n < 5; n += 1) client.getRecord('stalls ' + n, { signal }).catch(ignore);
  for (let n = 0; n < 5; n += 1) gun.getRecord('gone ' + n).catch(ignore);
  client.getRecords(['found', 'gone', 'bad', 'resets', 'stalls'], { timeoutMs: 20 }).catch(ignore);
  client.getRecord('found', { signal: AbortSignal.timeout(1) }).catch(ignore);
  (function again() { client.getRecord('found').then(again, ignore); })();
  if (workerData.n % 3 === 0) client.close();
  setTimeout(() => parentPort.postMessage('busy'), workerData.n % 15);
`;

/** Workers terminated during their calls: no crash, no leak, and the main thread's calls continue. */
async function workers(count) {
  const relay = await startRelay();
  Object.assign(process.env, { GUN_PEERS: relay.url, GUN_NATIVE_LOG: 'off' });
  const { getRecord, GunClient } = require('../../..');
  const client = new GunClient({ relayUrl: relay.url, logger: false });
  const data = { index: require.resolve('../../..'), relayUrl: relay.url };
  check((await getRecord('gone')) === null, 'the shared client answers');
  await terminate(AT_ONCE, data, client); // what a first worker makes the process load and keep
  const before = held();
  await terminate(count, data, client);
  await heldAgain(before, 'after workers');
  await client.close();
  await relay.stop();
  return `${count} workers terminated under load`;
}

async function terminate(count, data, client) {
  let begun = 0;
  let isOver = false;
  const one = async () => {
    begun += 1;
    const worker = new Worker(CODE, { eval: true, workerData: { ...data, n: begun } });
    await once(worker, 'message');
    await worker.terminate();
  };
  const some = async () => {
    while (begun < count) await one();
  };
  const load = async () => {
    while (!isOver) check((await client.getRecord('found')).list.length === 50, 'the main thread reads');
  };
  const loading = load();
  await Promise.all(Array.from({ length: AT_ONCE }, some));
  isOver = true;
  await loading;
}

module.exports = { workers };
