'use strict';

// What must hold of the package on every platform: these tests run here and, against the packed tarball, on each Node of
// `npm run test:platforms`.

const { Worker } = require('worker_threads');
const { GunClient, GunError } = require('gun-native');
const { missing, record, status } = require('../helpers/answers');
const { startRelay } = require('../helpers/relay');

let relay;
let client;

async function setup(script) {
  relay = await startRelay(script);
  client = new GunClient({ relayUrl: relay.url, retries: 0, logger: false });
}

afterEach(async () => {
  if (relay) await relay.close();
  if (client) await client.close();
});

test('a record comes as the relay wrote it', async () => {
  await setup({ a: record({ n: 1, text: 'ä😀', data: '{"x":[1,2.5,null]}' }) });
  expect(await client.getRecord('a')).toEqual({ n: 1, text: 'ä😀', data: { x: [1, 2.5, null] } });
});

test('a missing soul is asked for once', async () => {
  await setup({ a: missing() });
  expect([await client.getRecord('a'), await client.getRecord('a')]).toEqual([null, null]);
  expect(relay.souls).toEqual(['a']);
  expect(client.cacheStats()).toMatchObject({ hits: 1, total: 2, size: 1 });
});

test('a batch is answered in order, with failures in place and duplicates asked for once', async () => {
  await setup({ a: record({ n: 1 }), b: status(503) });
  const answers = await client.getRecords(['a', 'b', 'c', 'a', '']);
  expect([answers[0], answers[2], answers[3]]).toEqual([{ n: 1 }, null, { n: 1 }]);
  expect([answers[1].code, answers[4].code]).toEqual(['ERR_GUN_STATUS', 'ERR_GUN_INVALID_ARGUMENT']);
  expect(relay.souls.sort()).toEqual(['a', 'b', 'c']);
});

test('a relay that is gone is a failure that says so', async () => {
  await setup();
  await relay.close();
  const failure = await client.getRecord('a').catch((error) => error);
  expect(failure).toBeInstanceOf(GunError);
  expect(failure).toMatchObject({ code: 'ERR_GUN_CONNECT', soul: 'a', attempts: 1, retryable: true });
});

test('TLS begins, and a relay that does not speak it is a failure', async () => {
  await setup();
  const secure = new GunClient({ relayUrl: relay.url.replace('http:', 'https:'), retries: 0, logger: false });
  await expect(secure.getRecord('a')).rejects.toMatchObject({ code: 'ERR_GUN_CONNECT' });
  await secure.close();
  expect([relay.connections, relay.requests]).toEqual([1, []]);
});

test('a call whose signal is aborted rejects with its reason', async () => {
  await setup();
  relay.hold();
  const controller = new AbortController();
  const call = client.getRecord('a', { signal: controller.signal });
  await relay.hasRequests(1);
  controller.abort('enough');
  await expect(call).rejects.toBe('enough');
  await relay.hasAbandoned(1);
});

test('a worker thread has clients of its own', async () => {
  await setup({ a: record({ n: 1 }) });
  const source = `
    const { parentPort, workerData } = require('worker_threads');
    const { GunClient } = require(workerData.module);
    const client = new GunClient({ relayUrl: workerData.relayUrl, logger: false });
    client.getRecord('a').then((answer) => parentPort.postMessage(answer)).then(() => client.close());
  `;
  const workerData = { module: require.resolve('gun-native'), relayUrl: relay.url };
  const worker = new Worker(source, { eval: true, workerData });
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  const answer = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  expect([answer, await ended]).toEqual([{ n: 1 }, 0]);
  expect(await client.getRecord('a')).toEqual({ n: 1 });
});
