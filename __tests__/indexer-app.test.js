'use strict';

const { once } = require('events');
const { createApp } = require('../examples/indexer/app');
const { GunHelper } = require('../examples/indexer/helpers/gun');
const { relayOf } = require('../examples/indexer/helpers/relay');
const { memoryLines } = require('../examples/indexer/memory');
const { samples } = require('../examples/indexer/samples');
const { record, status } = require('./helpers/answers');
const { closedAfterTest } = require('./helpers/servers');
const { newClient, newRelay } = require('./helpers/setup');

const SAMPLES = Object.fromEntries(samples().map(([soul, data]) => [soul, record(data)]));

afterEach(() => jest.restoreAllMocks());

/** The app over a scripted relay that has the samples. */
async function setupApp(script = SAMPLES, options) {
  jest.spyOn(console, 'error').mockImplementation(() => {});
  const relay = await newRelay(script);
  const client = newClient({ relayUrl: relay.url, retries: 0, ...options });
  const batches = jest.spyOn(client, 'getRecords');
  const server = createApp({ gun: new GunHelper({ client, relay: relayOf(relay.url) }) }).listen(0, '127.0.0.1');
  closedAfterTest(server);
  await once(server, 'listening');
  const get = async (path) => {
    const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`);
    return { status: response.status, body: await response.json() };
  };
  return { relay, client, batches, get };
}

describe('/api/records', () => {
  test('gives the records of a type, as many as asked for', async () => {
    const { get, relay } = await setupApp();
    const { status: code, body } = await get('/api/records?recordType=workout&limit=3');
    expect(code).toBe(200);
    expect(body).toMatchObject({ recordType: 'workout', total: 10 });
    expect(body.records.map(({ soul, data }) => [soul, data.name])).toEqual([0, 1, 2].map((n) => [`f3a9c1d27b40:workout-${n}`, `Workout ${n}`]));
    expect(body.records[0].data.exercises[0]).toBe('f3a9c1d27b40:exercise-0-0');
    expect(relay.requests).toHaveLength(4);
  });

  test('resolves a level by one getRecords; what is missing leaves its soul', async () => {
    const { get, relay, batches } = await setupApp();
    const { body } = await get('/api/records?recordType=workout&resolveDepth=1&limit=5');
    const [stored, , absent] = body.records[4].data.exercises;
    expect(stored).toMatchObject({ soul: 'f3a9c1d27b40:exercise-4-0', data: { sets: 3, equipment: ['f3a9c1d27b40:equipment-barbell', expect.any(String)] } });
    expect(absent).toBe('f3a9c1d27b40:exercise-4-2');
    expect(batches.mock.calls.map(([souls]) => souls.length)).toEqual([1, 5, 50]);
    expect(relay.requests).toHaveLength(56);
  });

  test('resolves two levels, with each soul asked for once however many name it', async () => {
    const { get, relay, batches } = await setupApp();
    const { body } = await get('/api/records?recordType=workout&resolveDepth=2&limit=5');
    const names = body.records.flatMap(({ data }) => data.exercises.slice(0, 2).map((exercise) => exercise.data.equipment[0].data.name));
    expect(names).toEqual(Array(10).fill('Barbell'));
    expect(batches.mock.calls.map(([souls]) => souls.length)).toEqual([1, 5, 50, 20]);
    expect(relay.requestsFor('f3a9c1d27b40:equipment-barbell')).toBe(1);
  });

  test('asks no more for what it knows to be missing', async () => {
    const { get, relay } = await setupApp();
    await get('/api/records?recordType=workout&resolveDepth=2&limit=5');
    const before = relay.requests.length;
    await get('/api/records?recordType=workout&resolveDepth=2&limit=5');
    // The index, 5 workouts, their 10 stored exercises, the barbell; none of the 50 that are missing.
    expect(relay.requests.length - before).toBe(17);
  });

  test('ten at once share their requests', async () => {
    const { get, relay } = await setupApp();
    const gate = relay.hold();
    const calls = Array.from({ length: 10 }, () => get('/api/records?recordType=mealPlan&resolveDepth=1&limit=10'));
    await gate.reached(1);
    gate.open();
    for (const { status: code } of await Promise.all(calls)) expect(code).toBe(200);
    expect(relay.requestsFor('f3a9c1d27b40:meal-0-1')).toBe(1);
  });

  test('a relay without records of a type has an empty list', async () => {
    const { get } = await setupApp({});
    expect(await get('/api/records?recordType=mealPlan')).toEqual({ status: 200, body: { recordType: 'mealPlan', total: 0, records: [] } });
  });

  test.each([
    ['', 'recordType must be one of workout, mealPlan, got nothing'],
    ['recordType=song', 'recordType must be one of workout, mealPlan, got "song"'],
    ['recordType=workout&recordType=mealPlan', 'recordType must be one of workout, mealPlan, got ["workout","mealPlan"]'],
    ['recordType=workout&resolveDepth=3', 'resolveDepth must be a whole number from 0 to 2, got "3"'],
    ['recordType=workout&resolveDepth=-1', 'resolveDepth must be a whole number from 0 to 2, got "-1"'],
    ['recordType=workout&resolveDepth=', 'resolveDepth must be a whole number from 0 to 2, got ""'],
    ['recordType=workout&limit=0', 'limit must be a whole number from 1 to 100, got "0"'],
    ['recordType=workout&limit=1e2', 'limit must be a whole number from 1 to 100, got "1e2"'],
    ['recordType=workout&limit=1&limit=2', 'limit must be a whole number from 1 to 100, got ["1","2"]'],
  ])('"%s" is a 400 with its reason', async (query, error) => {
    const { get, relay } = await setupApp();
    expect(await get(`/api/records?${query}`)).toEqual({ status: 400, body: { error } });
    expect(relay.requests).toEqual([]);
  });

  test.each([
    ['the index', 'index:workout'],
    ['a record', 'f3a9c1d27b40:workout-1'],
    ['a named record', 'f3a9c1d27b40:exercise-1-5'],
  ])('a failure of %s is a 502 with its reason, never a shorter list', async (_what, soul) => {
    const { get, relay } = await setupApp({ ...SAMPLES, [soul]: status(500) });
    const { status: code, body } = await get('/api/records?recordType=workout&resolveDepth=1');
    expect([code, body.code]).toEqual([502, 'ERR_GUN_STATUS']);
    expect(body.error).toContain(`relay ${relay.url} answered 500 for soul "${soul}"`);
    expect(console.error.mock.calls.map(([line]) => line)).toEqual([`⚠️  Error in getRecord after 2 retries: ${body.error}`]);
  });

  test('an index without a list is a 502, not an empty list', async () => {
    const { get } = await setupApp({ 'index:workout': record({ data: 'none' }) });
    expect(await get('/api/records?recordType=workout')).toEqual({ status: 502, body: { error: 'the record index:workout has no list of souls' } });
  });

  test('a relay that is down is a 502', async () => {
    const { get, relay } = await setupApp(SAMPLES);
    await relay.close();
    expect(await get('/api/records?recordType=workout')).toMatchObject({ status: 502, body: { code: 'ERR_GUN_CONNECT' } });
  });
});

test('/api/gun/stats is cacheStats()', async () => {
  const { get, client } = await setupApp();
  await get('/api/records?recordType=workout&resolveDepth=1');
  const { status: code, body } = await get('/api/gun/stats');
  expect(code).toBe(200);
  const { breaker, ...stats } = client.cacheStats();
  expect(body).toEqual({ ...stats, breaker: { ...breaker, sinceMs: expect.any(Number) } });
});

test('/health says that it lives, whatever the relay does', async () => {
  const { get, relay } = await setupApp();
  await relay.close();
  expect(await get('/health')).toEqual({ status: 200, body: { status: 'ok', uptimeSeconds: expect.any(Number) } });
});

test('another path is a 404 that names it', async () => {
  const { get } = await setupApp();
  expect(await get('/nowhere')).toEqual({ status: 404, body: { error: 'no such path: /nowhere' } });
});

test('memory is warned of only where external memory exceeds 150% of the heap', () => {
  const MB = 1048576;
  const lines = (external) => memoryLines({ rss: 80 * MB, heapUsed: 10 * MB, external });
  expect(lines(15 * MB)).toEqual(['🧠 [Memory Leak Tracker] rss 80.0 MB, heap 10.0 MB, external 15.0 MB (150.0% of heap)']);
  expect(lines(15 * MB + 1)[1]).toBe('🚨 [EXTERNAL MEMORY LEAK] external 15.0 MB is 150.0% of heap 10.0 MB');
});
