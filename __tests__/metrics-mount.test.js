'use strict';

const http = require('http');
const { Registry, collectDefaultMetrics } = require('prom-client');
const { runNode } = require('./helpers/child');
const { FRAMEWORKS, ask, listening } = require('./helpers/frameworks');
const { newRelay, setup, thrownBy } = require('./helpers/setup');
const { mount } = require('../metrics');

const frameworks = Object.entries(FRAMEWORKS);

describe.each(frameworks)('mount on %s', (_name, serve) => {
  test('adds the page, the statistics and the metrics, and leaves the app its own paths', async () => {
    const { client, relay } = await setup();
    await client.getRecord('a');
    const url = await serve((app) => mount(app, { client }));

    const page = await ask(`${url}/gun`);
    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; connect-src 'self'/);
    expect(page.body).toMatch(/^<!doctype html>/);

    const stats = await ask(`${url}/gun/stats`);
    expect(stats.status).toBe(200);
    expect(stats.headers).toMatchObject({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
    expect(JSON.parse(stats.body)).toMatchObject({ size: 1, process: { relay: relay.url, pid: process.pid } });

    const metrics = await ask(`${url}/gun/metrics`);
    expect(metrics.status).toBe(200);
    expect(metrics.headers['content-type']).toBe(Registry.PROMETHEUS_CONTENT_TYPE);
    expect(metrics.body).toContain('gun_native_cache_size{client="default"} 1\n');

    expect((await ask(`${url}/own`)).body).toBe('own');
  });

  test('answers HEAD with the headers of GET, ignores a query, and accepts another path', async () => {
    const { client } = await setup();
    const url = await serve((app) => mount(app, { client, path: '/internal/gun/' }));
    const [get, head] = [await ask(`${url}/internal/gun?x=1`), await ask(`${url}/internal/gun`, 'HEAD')];
    expect([get.status, head.status, head.body]).toEqual([200, 200, '']);
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
    expect((await ask(`${url}/internal/gun/stats?x=1`)).status).toBe(200);
    expect((await ask(`${url}/gun/stats`)).body).not.toContain('hitRate');
  });

  test('serves all metrics of a registry that is given', async () => {
    const { client } = await setup();
    const register = new Registry();
    collectDefaultMetrics({ register });
    const url = await serve((app) => mount(app, { client, register }));
    const { body } = await ask(`${url}/gun/metrics`);
    expect(body).toContain('process_resident_memory_bytes');
    expect(body).toContain('gun_native_cache_size');
  });

  test('a failure is a 500 with its reason, and the server keeps answering', async () => {
    const client = { cacheStats: () => { throw new Error('out of order'); } };
    const url = await serve((app) => mount(app, { client }));
    expect(await ask(`${url}/gun/stats`)).toMatchObject({ status: 500, body: 'out of order\n' });
    expect(await ask(`${url}/gun/metrics`)).toMatchObject({ status: 501 });
    expect((await ask(`${url}/own`)).body).toBe('own');
  });
});

test('listeners of a plain server do not see these requests, later ones neither', async () => {
  const { client } = await setup();
  const seen = [];
  const server = http.createServer((request, response) => response.end('own'));
  server.prependListener('request', ({ url }) => seen.push(url));
  mount(server, { client });
  server.on('request', ({ url }) => seen.push(`later ${url}`));
  const url = await listening(server);
  expect((await ask(`${url}/gun/stats`)).status).toBe(200);
  expect((await ask(`${url}/gun/stats`, 'POST')).status).toBe(405);
  expect((await ask(`${url}/other`)).body).toBe('own');
  expect(seen).toEqual(['/other', 'later /other']);
});

test('works on a router under a prefix', async () => {
  const { client } = await setup();
  const express = require('express');
  const router = express.Router();
  mount(router, { client, path: '/' });
  const url = await listening(http.createServer(express().use('/ops', router)));
  expect((await ask(`${url}/ops`)).headers['content-type']).toMatch(/^text\/html/);
  expect((await ask(`${url}/ops/stats`)).status).toBe(200);
});

test.each([
  [[undefined], 'app must be an Express, Fastify, Koa or Hono app or an http.Server, got undefined'],
  [[{}], 'app must be an Express, Fastify, Koa or Hono app or an http.Server, got an object'],
  [[http.createServer(), { path: 'gun' }], 'option path must be a path like "/gun", without patterns, got "gun"'],
  [[http.createServer(), { path: '/:a' }], 'option path must be'],
  [[http.createServer(), { path: 5 }], 'option path must be a path like "/gun", without patterns, got 5'],
  [[http.createServer(), { client: {} }], 'option client must be a GunClient, got an object'],
  [[http.createServer(), { register: {} }], 'register must be a Registry of prom-client, got an object'],
])('refuses what it cannot use: %#', (args, message) => {
  const error = thrownBy(() => mount(...args));
  expect([error.code, error.message]).toEqual(['ERR_GUN_INVALID_ARGUMENT', expect.stringContaining(message)]);
});

test('without prom-client the metrics are a 501 that says so, and the rest works', async () => {
  const relay = await newRelay();
  const source = `
    const Module = require('module');
    const resolve = Module._resolveFilename;
    Module._resolveFilename = function (name, ...rest) {
      if (name === 'prom-client') throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' });
      return resolve.call(this, name, ...rest);
    };
    const server = require('http').createServer();
    require('./metrics.js').mount(server);
    server.listen(0, '127.0.0.1', async () => {
      for (const path of ['', '/stats', '/metrics']) {
        const response = await fetch('http://127.0.0.1:' + server.address().port + '/gun' + path);
        const text = await response.text();
        console.log(response.status, path === '/metrics' ? text.trim() : '');
      }
      server.close();
      server.closeAllConnections();
    });
  `;
  const { stdout, stderr } = await runNode(source, { env: { GUN_PEERS: relay.url } });
  expect([stdout, stderr]).toEqual([
    '200 \n200 \n501 metrics for Prometheus need the package prom-client: npm install prom-client\n', '',
  ]);
});
