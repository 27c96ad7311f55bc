'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { runNode } = require('./helpers/child');
const { newRelay } = require('./helpers/setup');

let folder;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Ends a process that has just cached a missing soul, without closing its client; then asks again in a second process. */
async function twoLives(end, { opened = `new gun.GunClient({ relayUrl: process.env.RELAY, cache: { file: process.env.FILE } })` } = {}) {
  const relay = await newRelay();
  const file = path.join(folder, 'souls');
  const env = { RELAY: relay.url, FILE: file, GUN_PEERS: relay.url, GUN_404_CACHE_FILE: file };
  const first = await runNode(`
    const gun = require('./index.js');
    const client = ${opened};
    client.getRecord('gone').then((record) => { console.log(record); ${end} });
  `, { env });
  const requests = relay.requests.length;
  const second = await runNode(`
    const gun = require('./index.js');
    const client = ${opened};
    client.getRecord('gone').then((record) => console.log(record, client.cacheStats ? client.cacheStats().store.loaded : gun.cacheStats().store.loaded));
  `, { env });
  return { first, second, requests: [requests, relay.requests.length] };
}

test.each([
  ['it has nothing left to do', '', 0],
  ['process.exit', 'process.exit(3);', 3],
  ['an exception', 'process.nextTick(() => { throw new Error("of the host"); });', 1],
])('what a process learned is in its file when it ends without closing: %s', async (_how, end, code) => {
  const { first, second, requests } = await twoLives(end);
  expect(first).toMatchObject({ code, signal: null, stdout: 'null\n' });
  expect(second).toMatchObject({ code: 0, stdout: 'null 1\n', stderr: '' });
  expect(requests).toEqual([1, 1]);
});

test('the same for the default client', async () => {
  const { second, requests } = await twoLives('', { opened: 'gun' });
  expect(second).toMatchObject({ code: 0, stdout: 'null 1\n', stderr: '' });
  expect(requests).toEqual([1, 1]);
});

test('the same for a worker thread that is terminated', async () => {
  const relay = await newRelay();
  const file = path.join(folder, 'souls');
  const { code, stdout, stderr } = await runNode(`
    const { Worker } = require('worker_threads');
    const worker = new Worker(\`
      const gun = require('./index.js');
      const client = new gun.GunClient({ relayUrl: process.env.RELAY, cache: { file: process.env.FILE }, logger: false });
      client.getRecord('gone').then(() => { require('worker_threads').parentPort.postMessage(client.cacheStats().size); });
      setInterval(() => client, 1000);
    \`, { eval: true });
    worker.once('message', async (size) => {
      await worker.terminate();
      // The addon may go on writing while this process lives.
      require('fs').copyFileSync(process.env.FILE, process.env.FILE + '.seen');
      console.log(size);
    });
  `, { env: { RELAY: relay.url, FILE: file } });
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '1\n', stderr: '' });
  const { stdout: known } = await runNode(`
    const gun = require('./index.js');
    const client = new gun.GunClient({ relayUrl: process.env.RELAY, cache: { file: process.env.FILE + '.seen' } });
    client.getRecord('gone').then(() => console.log(client.cacheStats().store.loaded));
  `, { env: { RELAY: relay.url, FILE: file } });
  expect(known).toBe('1\n');
  expect(relay.requests).toHaveLength(1);
});

test('clients with files add one listener to the process, and others none', async () => {
  const { stdout } = await runNode(`
    const gun = require('./index.js');
    const listeners = () => process.listenerCount('exit');
    const before = listeners();
    new gun.GunClient({ relayUrl: 'http://127.0.0.1:1' });
    const without = listeners();
    for (const name of ['a', 'b']) new gun.GunClient({ relayUrl: 'http://127.0.0.1:1', cache: { file: process.env.FILE + name } });
    console.log(without - before, listeners() - before);
  `, { env: { FILE: path.join(folder, 'souls') } });
  expect(stdout).toBe('0 1\n');
});
