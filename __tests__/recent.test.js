'use strict';

const path = require('path');
const { LRUCache } = require('lru-cache');
const { missing, record } = require('./helpers/answers');
const { runFile } = require('./helpers/child');
const { recordingLogger } = require('./helpers/logger');
const { failureOf, setup } = require('./helpers/setup');

/** Asks so often that a soul is remembered in JavaScript, and read there. */
async function read(client, soul, times) {
  for (let time = 0; time < times; time += 1) expect(await client.getRecord(soul)).toBeNull();
}

test('every call counts, wherever it is answered', async () => {
  const { relay, client } = await setup({});
  await client.getRecords(['a', 'b', 'c']);
  for (let round = 1; round <= 700; round += 1) {
    for (const soul of ['a', 'b', 'c']) expect(await client.getRecord(soul)).toBeNull();
    if (round % 50 === 1) expect(client.cacheStats()).toMatchObject({ hits: 3 * round, total: 3 * round + 3 });
  }
  expect(relay.requests).toHaveLength(3);
});

test.each([1, 2, 7, 100, 1_000])('the stats line comes at the same calls, every %d', async (statsEvery) => {
  const logger = recordingLogger();
  const { client } = await setup({ found: record({}) }, { logger, statsEvery });
  const expected = [];
  let [calls, hits] = [0, 0];
  const call = async (soul, isHit) => {
    await client.getRecord(soul);
    calls += 1;
    hits += Number(isHit);
    if (calls % statsEvery === 0) expected.push(`${hits}/${calls}`);
  };
  await call('a', false);
  for (let round = 0; round < 1_100; round += 1) {
    await call('a', true);
    if (round % 37 === 0) await call('found', false);
    expect(logger.lines).toHaveLength(expected.length);
  }
  expect(logger.lines.map(([, line]) => line.match(/\d+\/\d+/)[0])).toEqual(expected);
});

test('nothing is remembered past an invalidation, whoever caused it', async () => {
  let isHere = false;
  const { relay, client } = await setup(() => (isHere ? record({ now: 'here' }) : missing()));
  await read(client, 'a', 20);
  expect(client.invalidate('a')).toBe(true);
  await read(client, 'a', 20);
  expect(relay.requestsFor('a')).toBe(2);
  expect(client.invalidateAll()).toBe(1);
  await read(client, 'a', 20);
  expect(relay.requestsFor('a')).toBe(3);
  isHere = true;
  expect(await client.getRecord('a', { fresh: true })).not.toBeNull();
  expect(await client.getRecord('a')).not.toBeNull();
});

test('a fresh call reaches the relay, and a closed client answers nothing', async () => {
  const { relay, client } = await setup({});
  await read(client, 'a', 20);
  expect(await client.getRecord('a', { fresh: true })).toBeNull();
  expect(relay.requestsFor('a')).toBe(2);
  await read(client, 'a', 20);
  const closed = client.close();
  expect(await failureOf(client.getRecord('a'))).toMatchObject({ code: 'ERR_GUN_CLOSED' });
  await closed;
  expect(await failureOf(client.getRecord('a'))).toMatchObject({ code: 'ERR_GUN_CLOSED' });
  expect(client.cacheStats()).toMatchObject({ hits: 39, total: 41 });
});

test('an entry past its life is not an answer, however busy the thread', async () => {
  const { relay, client } = await setup(() => missing(), { cache: { ttlMs: 300, refresh: false } });
  await read(client, 'a', 20);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 320);
  expect(await client.getRecord('a')).toBeNull();
  expect(relay.requestsFor('a')).toBe(2);
});

test('reads answered in JavaScript keep a soul from being evicted, as any others do', async () => {
  const { client } = await setup(() => missing(), { cache: { capacity: 2 } });
  const lru = new LRUCache({ max: 2 });
  let [lruHits, requests] = [0, 0];
  for (let round = 0; round < 200; round += 1) {
    // What the addon read last is b, so it would evict a if it did not know of the last two reads.
    for (const soul of ['a', 'b', 'a', 'b', 'a', 'a', `new ${round}`]) {
      requests += 1;
      if (lru.get(soul)) lruHits += 1;
      else lru.set(soul, true);
      await client.getRecord(soul);
    }
  }
  expect(client.cacheStats()).toMatchObject({ hits: lruHits, total: requests });
});

test('a read that begins after an invalidate in another thread has returned is not answered from memory', async () => {
  const { stdout, stderr } = await runFile(path.join(__dirname, 'stress', 'native', 'mirrors.js'), { args: ['400'] });
  expect(stderr).toBe('');
  const { stale, calls, total } = JSON.parse(stdout);
  expect({ stale, total }).toEqual({ stale: 0, total: calls });
});

test('with a shared store, nothing is answered from memory while the store has not been heard of', () => {
  const { recentOf } = require('../lib/recent');
  const { mirrorLayout } = require('../lib/binary');
  const { trustedUntil, offered, limit, reads } = mirrorLayout();
  const words = new Uint32Array(2_048);
  const trusted = new Float64Array(words.buffer, trustedUntil * 4, 1);
  const now = 1e6;
  // A shared store that is off; it was opened a while ago.
  const recent = recentOf({ mirror: () => words, mirrorTime: () => now });
  words[offered] = 7;
  words[limit] = 100;
  recent.add('a');
  expect(recent.has('a')).toBe(false);
  trusted[0] = now + 60_000;
  expect(recent.has('a')).toBe(true);
  trusted[0] = now;
  expect(recent.has('a')).toBe(false);
  expect(words[reads]).toBe(1);
});

test('without memory to share with the addon, the addon answers', () => {
  const { recentOf } = require('../lib/recent');
  const recent = recentOf({ mirror: () => null });
  recent.add('a');
  expect(recent.has('a')).toBe(false);
});
