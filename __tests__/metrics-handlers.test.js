'use strict';

const { once } = require('events');
const fs = require('fs');
const http = require('http');
const os = require('os');
const path = require('path');
const { pathToFileURL } = require('url');
const express = require('express');
const { Registry } = require('prom-client');
const { ROOT, runFile, runNode } = require('./helpers/child');
const { testOfEsm } = require('./helpers/esm');
const { newRelay, setup, thrownBy } = require('./helpers/setup');
const { metricsHandler, registerMetrics, statsHandler } = require('../lib/metrics');

const servers = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve)))));

/** The base URL of a server with this listener. */
async function serve(listener) {
  const server = http.createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  return `http://127.0.0.1:${server.address().port}`;
}

/** What a server says: `{ status, headers, body }`. */
function ask(url, method = 'GET') {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    request.on('error', reject).end();
  });
}

test('statsHandler answers with cacheStats as JSON', async () => {
  const { client } = await setup();
  await client.getRecord('a');
  const { status, headers, body } = await ask(await serve(statsHandler(client)));
  expect(status).toBe(200);
  expect(headers).toMatchObject({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  expect(JSON.parse(body)).toEqual(client.cacheStats());
});

test('metricsHandler answers with text for Prometheus, of one client or of several', async () => {
  const { client } = await setup();
  await client.getRecord('a');
  const one = await ask(await serve(metricsHandler(client)));
  expect(one.status).toBe(200);
  expect(one.headers).toMatchObject({ 'content-type': Registry.PROMETHEUS_CONTENT_TYPE, 'cache-control': 'no-store' });
  expect(one.body).toContain('gun_native_cache_size{client="default"} 1\n');
  const several = await ask(await serve(metricsHandler({ reads: client })));
  expect(several.body).toContain('gun_native_cache_size{client="reads"} 1\n');
});

test("metricsHandler serves a registry of one's own with all that is in there, in its format", async () => {
  const { client } = await setup();
  const register = new Registry(Registry.OPENMETRICS_CONTENT_TYPE);
  registerMetrics(register, client);
  const { headers, body } = await ask(await serve(metricsHandler(register)));
  expect(headers['content-type']).toBe(Registry.OPENMETRICS_CONTENT_TYPE);
  expect(body).toMatch(/# EOF\n$/);
});

test('both mount on Express', async () => {
  const { client } = await setup();
  const app = express().get('/stats', statsHandler(client)).use('/metrics', metricsHandler(client));
  const url = await serve(app);
  expect(JSON.parse((await ask(`${url}/stats`)).body)).toMatchObject({ total: 0 });
  expect((await ask(`${url}/metrics`)).body).toContain('gun_native_calls_total');
});

test('HEAD has the headers of GET, and other methods are 405', async () => {
  const { client } = await setup();
  for (const handler of [statsHandler(client), metricsHandler(client)]) {
    const url = await serve(handler);
    const [get, head] = [await ask(url), await ask(url, 'HEAD')];
    expect([head.status, head.body]).toEqual([200, '']);
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const refused = await ask(url, method);
      expect([refused.status, refused.headers.allow]).toEqual([405, 'GET, HEAD']);
    }
  }
});

test('an answer that somebody else has given meanwhile is left alone', async () => {
  const { client } = await setup();
  const handle = statsHandler(client);
  const url = await serve((request, response) => {
    handle(request, response);
    response.end('mine');
  });
  expect((await ask(url)).body).toBe('mine');
});

test('what is no client is refused when the handler is made', () => {
  for (const make of [statsHandler, metricsHandler]) {
    expect(thrownBy(() => make(5)).code).toBe('ERR_GUN_INVALID_ARGUMENT');
  }
});

const SPEAK = `
  const http = require('http');
  const { getRecord } = require('./index.js');
  const { metricsHandler, statsHandler } = require('./metrics.js');
  const ask = (handler) => new Promise((resolve) => {
    const server = http.createServer(handler).listen(0, '127.0.0.1', () => {
      http.get({ port: server.address().port, agent: false }, async (response) => {
        let body = '';
        for await (const part of response) body += part;
        server.close(() => resolve([response.statusCode, body]));
      });
    });
  });
  (async () => {
    await getRecord('a').catch(() => {});
    const [status, stats] = await ask(statsHandler());
    console.log(status, stats.trim());
    const [, metrics] = await ask(metricsHandler());
    console.log(metrics.split('\\n').find((line) => /^gun_native_cache_size|^environment/.test(line)));
  })();
`;

test('without an argument they speak for the default client', async () => {
  const relay = await newRelay();
  const { stdout, stderr } = await runNode(SPEAK, { env: { GUN_PEERS: relay.url } });
  const [stats, metric] = stdout.trim().split('\n');
  expect(stderr).toBe('');
  expect(JSON.parse(stats.slice('200 '.length))).toMatchObject({ size: 1, requests: { missing: 1 } });
  expect(metric).toBe('gun_native_cache_size{client="default"} 1');
});

test('a bad environment is a 500 that names the variable', async () => {
  const { code, stdout, stderr } = await runNode(SPEAK, { env: { GUN_RETRIES: 'many' } });
  const [stats, metric] = stdout.trim().split('\n');
  expect([code, stderr]).toEqual([0, '']);
  expect(stats).toMatch(/^500 environment variable GUN_RETRIES must be /);
  expect(metric).toMatch(/^environment variable GUN_RETRIES must be /);
});

describe('the subpath', () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-'));
  afterAll(() => fs.rmSync(directory, { recursive: true }));

  function fileThatLoads(name, specifier) {
    const file = path.join(directory, name);
    fs.writeFileSync(file, `
      import { statsHandler, metricsHandler } from '${specifier}';
      console.log(typeof statsHandler, typeof metricsHandler());
    `);
    return file;
  }

  test('loads by its name, with named exports', async () => {
    fs.mkdirSync(path.join(directory, 'node_modules'));
    fs.symlinkSync(ROOT, path.join(directory, 'node_modules', 'gun-native'), 'junction');
    const result = await runFile(fileThatLoads('app.mjs', 'gun-native/metrics'));
    expect(result).toMatchObject({ code: 0, stdout: 'function function\n', stderr: '' });
  });

  testOfEsm('loads under node -r esm', async () => {
    const result = await runFile(fileThatLoads('app.js', pathToFileURL(path.join(ROOT, 'metrics.js'))), { flags: ['-r', 'esm'] });
    expect(result).toMatchObject({ code: 0, stdout: 'function function\n', stderr: '' });
  });
});
