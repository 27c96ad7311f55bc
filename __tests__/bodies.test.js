'use strict';

const { EventEmitter, once } = require('events');
const { record, recordText, stall, status } = require('./helpers/answers');
const { runNode } = require('./helpers/child');
const { newRelay, setup } = require('./helpers/setup');
const { bodyOf } = require('../lib/client');

const LONG = JSON.stringify({ text: 'ü😀'.repeat(100_000) });
const SCRIPT = { a: record({ n: 1 }), long: recordText(LONG), broken: status(500), slow: stall() };

/** All chunks of a body. */
function chunksOf(body, max) {
  const chunks = [];
  for (let chunk = body.read(max); chunk.length > 0; chunk = body.read(max)) chunks.push(chunk);
  return chunks;
}

describe('the body of a record', () => {
  test('is read in chunks of 64 KB at most, and its bytes are those of the text', async () => {
    const { client } = await setup(SCRIPT);
    const body = await bodyOf(client, 'long');
    expect(body.length).toBe(Buffer.byteLength(LONG));
    const chunks = [];
    for (let chunk = body.read(1e6); chunk.length > 0; chunk = body.read(1e6)) chunks.push(chunk);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBe(65_536);
    expect(Buffer.concat(chunks).toString()).toBe(LONG);
    expect(body.read(10).length).toBe(0);
  });

  test('has nothing to read once it was released', async () => {
    const { client } = await setup(SCRIPT);
    const body = await bodyOf(client, 'long');
    expect(body.read(3).toString()).toBe('{"t');
    body.release();
    body.release();
    expect(body.read(3).length).toBe(0);
    expect(body.length).toBe(Buffer.byteLength(LONG));
  });

  test('is null for a missing soul, and failures and aborts reject', async () => {
    const { client } = await setup(SCRIPT, { retries: 0 });
    expect(await bodyOf(client, 'gone')).toBeNull();
    expect(await bodyOf(client, 'gone')).toBeNull();
    await expect(bodyOf(client, 'broken')).rejects.toMatchObject({ code: 'ERR_GUN_STATUS' });
    await expect(bodyOf(client, 'slow', { signal: AbortSignal.abort('gone') })).rejects.toBe('gone');
    await client.close();
    await expect(bodyOf(client, 'a')).rejects.toMatchObject({ code: 'ERR_GUN_CLOSED' });
  });

  test('is one of a cached record, too', async () => {
    const { client } = await setup(SCRIPT, { records: { ttlMs: 60_000 } });
    for (let time = 0; time < 2; time += 1) expect((await bodyOf(client, 'a')).read(100).toString()).toBe('{"n":1}');
  });

  test('makes room for the next one when it is released, and when its caller has left', async () => {
    const { client, relay } = await setup(() => recordText(LONG), { maxBufferedBytes: 1 });
    const first = await bodyOf(client, 'first');
    const controller = new AbortController();
    const next = bodyOf(client, 'next', { signal: controller.signal });
    await relay.hasRequests(2);
    first.release();
    const body = await next;
    const left = bodyOf(client, 'left', { signal: controller.signal }).catch((reason) => reason);
    body.release();
    await relay.hasRequests(3);
    controller.abort('enough');
    await left;
    const last = await bodyOf(client, 'last');
    expect(last.length).toBe(Buffer.byteLength(LONG));
    last.release();
  });
});

test('each caller of a request has a body of its own, beside those who want records', async () => {
  const { relay, client } = await setup(SCRIPT);
  const [one, other, parsed] = await Promise.all([bodyOf(client, 'a'), bodyOf(client, 'a'), client.getRecord('a')]);
  one.read(3);
  one.release();
  expect([String(one.read(9)), one.length]).toEqual(['', 7]);
  expect(chunksOf(other, 99).map(String)).toEqual(['{"n":1}']);
  expect(parsed).toEqual({ n: 1 });
  expect(relay.requests).toHaveLength(1);
});

test('a body holds its room of maxBufferedBytes until it is released', async () => {
  const size = 600_000;
  const text = JSON.stringify({ text: 'x'.repeat(size) });
  const finished = new EventEmitter();
  const answer = (soul) => (response) => recordText(text)(response.once('finish', () => finished.emit(soul)));
  const { client } = await setup(answer, { maxBodyBytes: 1_000_000, maxBufferedBytes: 1_000_000 });
  const first = await bodyOf(client, 'a');
  let second;
  const isSent = once(finished, 'b');
  const waits = bodyOf(client, 'b').then((body) => (second = body));
  await isSent;
  // The network thread, which all clients share, has time for its bytes; there is room for them only once the first is gone.
  const other = await setup();
  for (let call = 0; call < 100; call += 1) await other.client.getRecord(`missing ${call}`);
  expect(second).toBeUndefined();
  first.release();
  expect((await waits).length).toBe(text.length);
  second.release();
});

/** Answers with a record of a size, written as fast as the client takes it. */
const recordOf = (size) => (response) => {
  const chunk = Buffer.alloc(65_536, 'x');
  response.setHeader('content-length', '{"success":true,"data":{"text":""}}'.length + size);
  response.write('{"success":true,"data":{"text":"');
  let left = size;
  const more = () => {
    while (left > 0) {
      const part = chunk.subarray(0, left);
      left -= part.length;
      if (!response.write(part)) {
        response.once('drain', more);
        return;
      }
    }
    response.end('"}}');
  };
  more();
};

/** A server in a process of its own that passes records on to another one; how much it had of JavaScript's memory. */
async function passOn(relay, requests, options) {
  const reader = `
    const http = require('http');
    const read = (path) => new Promise((resolve, reject) => http.get({ host: '127.0.0.1', port: process.env.PORT, path, agent: false }, (response) => {
      let bytes = 0;
      response.on('data', (chunk) => { bytes += chunk.length; }).on('end', () => resolve(bytes)).on('error', reject);
    }));
    Promise.all(Array.from({ length: process.env.REQUESTS }, (_, soul) => read('/get?soul=' + soul))).then((sizes) => console.log(JSON.stringify(sizes)));
  `;
  const { code, stdout, stderr } = await runNode(`
    const { execFile } = require('child_process');
    const http = require('http');
    const { GunClient } = require('./index.js');
    const { relayHandler } = require('./http');
    const client = new GunClient(${JSON.stringify({ relayUrl: relay.url, ...options })});
    const server = http.createServer(relayHandler({ client })).listen(0, '127.0.0.1', () => {
      const used = () => { const { heapUsed, external } = process.memoryUsage(); return heapUsed + external; };
      const before = used();
      let most = 0;
      const sampler = setInterval(() => { most = Math.max(most, used() - before); }, 1);
      const env = { ...process.env, PORT: server.address().port, REQUESTS: ${requests} };
      execFile(process.execPath, ['-e', ${JSON.stringify(reader)}], { env }, (error, stdout) => {
        clearInterval(sampler);
        if (error) throw error;
        console.log(JSON.stringify({ most, sizes: JSON.parse(stdout) }));
        server.close();
        client.close();
      });
    });
  `);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

const MB = 1_048_576;
const ENVELOPE = '{"success":true,"data":{"text":""}}'.length;

test('a record of 100 MB passes through a handler in less than 40 MB of JavaScript memory', async () => {
  const relay = await newRelay(() => recordOf(100 * MB));
  const { most, sizes } = await passOn(relay, 1, { maxBodyBytes: 101 * MB, attemptTimeoutMs: 60_000, timeoutMs: 60_000 });
  expect(sizes).toEqual([100 * MB + ENVELOPE]);
  expect(most).toBeLessThan(40 * MB);
});

test('ten large records at once pass through in turn, as maxBufferedBytes has room for them', async () => {
  const relay = await newRelay(() => recordOf(8 * MB));
  const { most, sizes } = await passOn(relay, 10, { maxBodyBytes: 9 * MB, maxBufferedBytes: 20 * MB, attemptTimeoutMs: 60_000, timeoutMs: 60_000 });
  expect(sizes).toEqual(Array(10).fill(8 * MB + ENVELOPE));
  expect(most).toBeLessThan(40 * MB);
});
