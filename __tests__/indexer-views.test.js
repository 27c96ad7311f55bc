'use strict';

const { once } = require('events');
const express = require('express');
const { PlainClient } = require('../examples/indexer/helpers/plain');
const { mountViews } = require('../examples/indexer/views');
const { closedAfterTest } = require('./helpers/servers');
const { newClient } = require('./helpers/setup');

async function viewsOf(client) {
  const app = express();
  mountViews(app, client);
  const server = app.listen(0, '127.0.0.1');
  closedAfterTest(server);
  await once(server, 'listening');
  return (path) => fetch(`http://127.0.0.1:${server.address().port}${path}`);
}

test('/gun is the live page, with its statistics beside it', async () => {
  const get = await viewsOf(newClient());
  const response = await get('/gun');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/html/);
  expect(await (await get('/gun/stats')).json()).toMatchObject({ total: 0 });
});

test('/metrics has the client and the process', async () => {
  const get = await viewsOf(newClient({ cache: { capacity: 7 } }));
  const text = await (await get('/metrics')).text();
  expect(text).toContain('gun_native_cache_capacity{client="default"} 7\n');
  expect(text).toContain('process_resident_memory_bytes');
});

test('the client of plain JavaScript has neither', async () => {
  const get = await viewsOf(new PlainClient());
  expect((await get('/gun')).status).toBe(404);
  expect((await get('/metrics')).status).toBe(404);
});
