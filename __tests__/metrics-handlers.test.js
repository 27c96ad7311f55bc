'use strict';

const fs = require('fs');
const http = require('http');
const os = require('os');
const path = require('path');
const { pathToFileURL } = require('url');
const { Registry } = require('prom-client');
const { ROOT, runFile, runNode } = require('./helpers/child');
const { testOfEsm } = require('./helpers/esm');
const { FRAMEWORKS, ask, listening } = require('./helpers/frameworks');
const { newRelay, setup, thrownBy } = require('./helpers/setup');
const { metricsHandler, registerMetrics, statsHandler } = require('../lib/metrics');

const serve = (listener) => listening(http.createServer(listener));

test('statsHandler answers with cacheStats as JSON, and says which process that is', async () => {
  const { client, relay } = await setup();
  await client.getRecord('a');
  const { status, headers, body } = await ask(await serve(statsHandler(client)));
  expect(status).toBe(200);
  expect(headers).toMatchObject({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  const { process: about, calls, callErrors, requestDurations, ...stats } = JSON.parse(body);
  const { breaker, ...rest } = client.cacheStats();
  expect(stats).toEqual({ ...rest, breaker: { ...breaker, sinceMs: expect.any(Number) } });
  expect(calls).toEqual({ known_missing: 0, found: 0, missing: 1, failed: 0, aborted: 0 });
  expect(Object.values(callErrors).every((times) => times === 0)).toBe(true);
  expect(requestDurations.counts).toHaveLength(requestDurations.boundsSeconds.length + 1);
  const { version } = require('../package.json');
  expect(about).toMatchObject({ relay: relay.url, version, node: process.version, pid: process.pid, host: os.hostname() });
  expect(about.uptimeMs).toBeGreaterThan(0);
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

const routed = Object.entries(FRAMEWORKS).filter(([name]) => !['http', 'Koa'].includes(name));

test.each(routed)('both fit a route of %s', async (_name, serveApp) => {
  const { client } = await setup();
  const url = await serveApp((app) => {
    app.get('/stats', statsHandler(client));
    app.get('/metrics', metricsHandler(client));
  });
  expect(JSON.parse((await ask(`${url}/stats`)).body)).toMatchObject({ total: 0 });
  expect((await ask(`${url}/metrics`)).body).toContain('gun_native_calls_total');
});

test('both fit use of Express and of Koa', async () => {
  const { client } = await setup();
  const express = await FRAMEWORKS['Express 5']((app) => app.use('/stats', statsHandler(client)));
  const koa = await FRAMEWORKS.Koa((app) => app.use(statsHandler(client)));
  for (const url of [express, koa]) expect(JSON.parse((await ask(`${url}/stats`)).body)).toMatchObject({ total: 0 });
});

test('a response that it cannot use is refused at once, with a message', () => {
  for (const args of [[], [{ method: 'GET' }], [{ method: 'GET' }, {}], [{ method: 'GET' }, { end() {} }]]) {
    const { code, message } = thrownBy(() => statsHandler()(...args));
    expect(code).toBe('ERR_GUN_INVALID_ARGUMENT');
    expect(message).toMatch(/^the handler needs the response of http, Express, Fastify, Koa or Hono, got (an object|undefined);/);
  }
});

test('a response that refuses its headers is closed, and no rejection is left unhandled', async () => {
  const destroy = jest.fn();
  const response = { setHeader() { throw new Error('too late'); }, end() {}, destroy };
  await expect(statsHandler({ cacheStats: () => ({}) })({ method: 'GET' }, response)).resolves.toBeUndefined();
  expect(destroy).toHaveBeenCalledTimes(1);
});

test('HEAD has the headers of GET, and other methods are 405', async () => {
  const { client } = await setup();
  for (const handler of [statsHandler(client), metricsHandler(client)]) {
    const url = await serve(handler);
    const [get, head] = [await ask(url), await ask(url, 'HEAD')];
    expect([head.status, head.body]).toEqual([200, '']);
    // Times in it, such as `sinceMs`, may have got a digit more.
    expect(Math.abs(Number(head.headers['content-length']) - get.body.length)).toBeLessThan(10);
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const refused = await ask(url, method);
      expect([refused.status, refused.headers.allow]).toEqual([405, 'GET, HEAD']);
    }
  }
});

test('an answer that another handler has given meanwhile is not changed', async () => {
  const { client } = await setup();
  const handle = statsHandler(client);
  const url = await serve((request, response) => {
    handle(request, response);
    response.end('mine');
  });
  expect((await ask(url)).body).toBe('mine');
});

test('anything but a client is refused when the handler is created', () => {
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

test('an invalid environment is a 500 that names the variable', async () => {
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
