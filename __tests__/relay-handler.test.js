'use strict';

const fs = require('fs');
const http = require('http');
const net = require('net');
const os = require('os');
const path = require('path');
const { endpointNotFound, missing, record, recordText, stall, status } = require('./helpers/answers');
const { ROOT, runFile, runNode } = require('./helpers/child');
const { serving } = require('./helpers/servers');
const { newRelay, setup, thrownBy } = require('./helpers/setup');
const { relayHandler } = require('../http');

/** How each host takes the handler in at one path, and what serves it. */
const HOSTS = {
  'plain http': async (handler) => http.createServer(handler),
  'Express 4': async (handler) => http.createServer(require('express4')().get('/gun-relay/get', handler)),
  'Express 5': async (handler) => http.createServer(require('express')().get('/gun-relay/get', handler)),
  'Express 5, by use': async (handler) => http.createServer(require('express')().use('/gun-relay', handler)),
  Fastify: async (handler) => {
    const fastify = require('fastify')();
    fastify.get('/gun-relay/get', handler);
    await fastify.ready();
    return fastify.server;
  },
};

// On a busy machine loading a framework may take long, and no test depends on how long.
jest.setTimeout(120_000);

const LONG = JSON.stringify({ text: 'ü😀'.repeat(100_000) });
const SCRIPT = {
  a: record({ n: 1 }),
  'a b/c#d&e%f+g 😀': record({ n: 2 }),
  long: recordText(LONG),
  broken: status(500),
  wrong: endpointNotFound(),
  slow: stall(),
};

describe.each(Object.keys(HOSTS))('%s', (name) => {
  async function host(options, script = SCRIPT) {
    const { relay, client } = await setup(script, { retries: 0, breaker: false, ...options });
    return { relay, client, ...(await serving(await HOSTS[name](relayHandler({ client })))) };
  }
  const get = '/gun-relay/get';

  test('a record is what the relay gives, with its length', async () => {
    const { ask } = await host();
    const { status: code, headers, body } = await ask(`${get}?soul=a`);
    expect([code, body]).toEqual([200, '{"success":true,"data":{"n":1}}']);
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'content-length': String(body.length) });
  });

  test('a record of many chunks arrives whole', async () => {
    const { ask } = await host();
    const { headers, body } = await ask(`${get}?soul=long`);
    expect(body).toBe(`{"success":true,"data":${LONG}}`);
    expect(headers['content-length']).toBe(String(Buffer.byteLength(body)));
  });

  test('a soul of any characters arrives unharmed', async () => {
    const { ask, relay } = await host();
    await ask(`${get}?soul=${encodeURIComponent('a b/c#d&e%f+g 😀')}`);
    expect(relay.souls).toEqual(['a b/c#d&e%f+g 😀']);
  });

  test('a missing soul is 404 as the relay has it, and known from then on', async () => {
    const { ask, relay } = await host();
    for (let time = 0; time < 2; time += 1) {
      expect(await ask(`${get}?soul=gone`)).toMatchObject({ status: 404, body: '{"error":"Not found"}' });
    }
    expect(relay.requests).toHaveLength(1);
  });

  test.each([['a', 200], ['gone', 404], ['broken', 502]])('HEAD of %s is %i without a body', async (soul, code) => {
    const { ask } = await host();
    const plain = await ask(`${get}?soul=${soul}`);
    const head = await ask(`${get}?soul=${soul}`, { method: 'HEAD' });
    expect([head.status, head.body]).toEqual([code, '']);
    if (code !== 502) expect(head.headers['content-length']).toBe(plain.headers['content-length']);
  });

  test.each([
    ['', 'Soul parameter required'],
    ['?soul=', 'Soul parameter required'],
    ['?soul=a&soul=b', 'Soul parameter must be given once'],
    [`?soul=${'x'.repeat(4097)}`, expect.stringContaining('soul must be')],
  ])('a query "%s" is a 400 that asks nobody', async (query, error) => {
    const { ask, relay } = await host();
    const { status: code, body } = await ask(get + query);
    expect([code, JSON.parse(body)]).toEqual([400, { error }]);
    expect(relay.requests).toEqual([]);
  });

  test.each([
    ['a status of the relay', 'broken', {}, 502, 'answered 500'],
    ['a wrong path', 'wrong', {}, 502, 'answered 404'],
    ['a timeout', 'slow', { timeoutMs: 30 }, 504, 'in time'],
    ['a record beyond maxBodyBytes', 'a', { maxBodyBytes: 5 }, 502, 'sent more than'],
  ])('%s of "%s" with %j is %i', async (_what, soul, options, code, message) => {
    const { ask } = await host(options);
    const { status: given, headers, body } = await ask(`${get}?soul=${soul}`);
    expect([given, JSON.parse(body)]).toEqual([code, { error: expect.stringContaining(message) }]);
    expect(headers['retry-after']).toBeUndefined();
  });

  test('a relay that is gone is 502, then 503 with Retry-After while the circuit is open', async () => {
    const { ask, relay } = await host({ breaker: { failures: 1, afterMs: 0 } });
    await relay.close();
    expect((await ask(`${get}?soul=a`)).status).toBe(502);
    expect(await ask(`${get}?soul=b`)).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  });

  test('a full queue and a closed client are 503 with Retry-After', async () => {
    const { ask, client, relay } = await host({ maxInFlight: 1, maxQueue: 0 });
    const gate = relay.hold();
    const first = ask(`${get}?soul=a`);
    await gate.reached(1);
    expect(await ask(`${get}?soul=b`)).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    gate.open();
    expect((await first).status).toBe(200);
    await client.close();
    expect(await ask(`${get}?soul=b`)).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  });

  test('a client that disconnects aborts its call', async () => {
    const { port, relay } = await host();
    const socket = net.connect(port, '127.0.0.1');
    socket.write(`GET ${get}?soul=slow HTTP/1.1\r\nhost: x\r\n\r\n`);
    await relay.hasRequests(1);
    socket.destroy();
    await relay.hasAbandoned(1);
  });

  test('clients at the same time share a request', async () => {
    const { ask, client, relay } = await host();
    const gate = relay.hold();
    const answers = Array.from({ length: 5 }, () => ask(`${get}?soul=a`));
    while (client.cacheStats().requests.coalesced < 4) await new Promise(setImmediate);
    gate.open();
    for (const { status: code } of await Promise.all(answers)) expect(code).toBe(200);
    expect(relay.requests).toHaveLength(1);
  });
});

test.each(['plain http', 'Express 5, by use'])('another method is 405, another path 404: %s', async (name) => {
  const { client } = await setup(SCRIPT);
  const { ask } = await serving(await HOSTS[name](relayHandler({ client })));
  expect(await ask('/gun-relay/get?soul=a', { method: 'POST' })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  expect((await ask('/gun-relay/list?soul=a')).status).toBe(404);
});

test('mounted for a whole path, it leaves others to the handlers behind it', async () => {
  const { client } = await setup(SCRIPT);
  const app = require('express')().use('/gun-relay', relayHandler({ client }));
  app.get('/gun-relay/list', (request, response) => response.json({ souls: [] }));
  const { ask } = await serving(http.createServer(app));
  expect((await ask('/gun-relay/list')).body).toBe('{"souls":[]}');
  expect((await ask('/gun-relay/get?soul=a')).status).toBe(200);
});

test('a route of another name is served too', async () => {
  const { client } = await setup(SCRIPT);
  const { ask } = await serving(http.createServer(require('express')().get('/record', relayHandler({ client }))));
  expect((await ask('/record?soul=a')).status).toBe(200);
});

test('headers of Fastify\'s hooks are kept', async () => {
  const { client } = await setup(SCRIPT);
  const fastify = require('fastify')();
  fastify.addHook('onRequest', async (request, reply) => {
    reply.header('x-own', '1');
  });
  fastify.get('/get', relayHandler({ client }));
  await fastify.ready();
  const { ask } = await serving(fastify.server);
  expect((await ask('/get?soul=a')).headers['x-own']).toBe('1');
});

test('an answer of a middleware that answers first is not changed', async () => {
  const { client, relay } = await setup(SCRIPT);
  const gate = relay.hold();
  const handler = relayHandler({ client });
  const ended = [];
  const { ask } = await serving(http.createServer((request, response) => {
    handler(request, response);
    ended.push(response);
  }));
  const answer = ask('/get?soul=a');
  await gate.reached(1);
  ended[0].writeHead(503).end('too late');
  expect(await answer).toMatchObject({ status: 503, body: 'too late' });
  gate.open();
});

test.each([
  [null, 'options must be an object, got null'],
  [{ client: {} }, 'option client must be a GunClient, got an object'],
  [{ idleTimeoutMs: 0 }, 'option idleTimeoutMs must be a number from 1 to 2147483647, got 0'],
])('relayHandler(%j) is refused', (options, message) => {
  expect(thrownBy(() => relayHandler(options))).toMatchObject({ code: 'ERR_GUN_INVALID_ARGUMENT', message });
});

const SPEAK = `
  const http = require('http');
  const { relayHandler } = require('./http.js');
  const server = http.createServer(relayHandler()).listen(0, '127.0.0.1', async () => {
    const response = await fetch('http://127.0.0.1:' + server.address().port + '/get?soul=a');
    console.log(response.status, await response.text());
    process.exit();
  });
`;

test('without a client it serves the default one', async () => {
  const relay = await newRelay(SCRIPT);
  const { stdout, stderr } = await runNode(SPEAK, { env: { GUN_PEERS: relay.url } });
  expect([stdout, stderr]).toEqual(['200 {"success":true,"data":{"n":1}}\n', '']);
});

test('a bad environment is an answer that names the variable', async () => {
  const { stdout, stderr } = await runNode(SPEAK, { env: { GUN_RETRIES: 'many' } });
  expect(stdout).toMatch(/^500 \{"error":"environment variable GUN_RETRIES must be /);
  expect(stderr).toBe('');
});

test('the subpath loads by import and by require', async () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-http-'));
  fs.mkdirSync(path.join(directory, 'node_modules'));
  fs.symlinkSync(ROOT, path.join(directory, 'node_modules/gun-native'), 'junction');
  fs.writeFileSync(path.join(directory, 'app.mjs'), 'import { relayHandler } from "gun-native/http"; console.log(typeof relayHandler());');
  fs.writeFileSync(path.join(directory, 'app.cjs'), 'console.log(typeof require("gun-native/http").relayHandler());');
  for (const file of ['app.mjs', 'app.cjs']) {
    expect(await runFile(path.join(directory, file))).toMatchObject({ stdout: 'function\n', stderr: '' });
  }
  fs.rmSync(directory, { recursive: true });
});

test('a missing soul and an unknown one have different answers', async () => {
  const { client } = await setup({ a: missing(), b: endpointNotFound() }, { retries: 0 });
  const { ask } = await serving(http.createServer(relayHandler({ client })));
  expect([(await ask('/get?soul=a')).status, (await ask('/get?soul=b')).status]).toEqual([404, 502]);
});
