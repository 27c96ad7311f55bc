'use strict';

const { once } = require('events');
const express = require('express');
const { missing, record, status } = require('../__tests__/helpers/answers');
const { closedAfterTest } = require('../__tests__/helpers/servers');
const { setup } = require('../__tests__/helpers/setup');
const { mountViews } = require('../examples/indexer/views');
const { domOf } = require('./chromium');

/** The page over a client's figures; `asked` holds every path that the browser asked for. */
async function pageOf(client) {
  const asked = [];
  const app = express();
  app.use((request, response, next) => {
    asked.push(request.path);
    next();
  });
  app.get('/api/gun/stats', (request, response) => response.json(client.cacheStats()));
  mountViews(app, client);
  const server = app.listen(0, '127.0.0.1');
  closedAfterTest(server);
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}/gun`, asked, server };
}

const textOf = (dom, id) => new RegExp(`id="${id}"[^>]*>([^<]*)<`).exec(dom)[1];
const rowOf = (dom, name) => new RegExp(`<tr data-name="${name}"><td>[^<]*</td><td>([^<]*)</td>`).exec(dom)[1];

test('shows hit rate, size, outcomes and latency as they are', async () => {
  const { client } = await setup({ a: record({}), bad: status(400), gone: missing() });
  await client.getRecords(['a', 'bad', 'gone']);
  await client.getRecord('gone');
  const { url } = await pageOf(client);
  const dom = await domOf(url);
  expect(textOf(dom, 'hit-rate')).toBe('25.0%');
  expect(textOf(dom, 'calls')).toBe('1 of 4 calls');
  expect(textOf(dom, 'size')).toBe('1');
  expect(textOf(dom, 'capacity')).toBe('of 10,000, for 60 min each');
  expect(textOf(dom, 'p50')).toMatch(/^[\d.]+ ms$/);
  expect(rowOf(dom, '99 in 100 within')).toMatch(/^[\d.]+ ms$/);
  expect(['known to be missing', 'found', 'missing', 'ERR_GUN_STATUS', 'sent'].map((name) => rowOf(dom, name))).toEqual(
    ['1', '1', '1', '1', '3'],
  );
  expect(textOf(dom, 'state')).toMatch(/^as of /);
});

test('looks again every second, and asks for nothing but itself and its figures', async () => {
  const { client } = await setup();
  const { url, asked } = await pageOf(client);
  const dom = await domOf(url, { ms: 5000 });
  expect(new Set(asked)).toEqual(new Set(['/gun', '/api/gun/stats']));
  expect(asked.length).toBeGreaterThanOrEqual(4);
  expect(/points="([^"]*)"/.exec(dom)[1].split(' ').length).toBe(asked.length - 1);
});

test('says so when its server is gone', async () => {
  const { client } = await setup();
  const { url, asked, server } = await pageOf(client);
  const cacheStats = jest.spyOn(client, 'cacheStats').mockImplementation(() => {
    throw new Error('no figures');
  });
  jest.spyOn(console, 'error').mockImplementation(() => {});
  const dom = await domOf(url);
  cacheStats.mockRestore();
  jest.restoreAllMocks();
  expect(server.listening).toBe(true);
  expect(asked).toContain('/api/gun/stats');
  expect(textOf(dom, 'state')).toBe('not reached: /api/gun/stats answered 500');
});
