'use strict';

const { once } = require('events');

jest.spyOn(console, 'log').mockImplementation(() => {}); // the helper says that it loads
const { createApp } = require('../examples/indexer/app');
const { memoryLines } = require('../examples/indexer/memory');
const { samples } = require('../examples/indexer/samples');
const { closedAfterTest } = require('./helpers/servers');

/** The app over the sample records, as sync cycles bring them. */
async function setupApp(records = new Map(samples())) {
  const server = createApp(records).listen(0, '127.0.0.1');
  closedAfterTest(server);
  await once(server, 'listening');
  return async (path) => {
    const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`);
    return { status: response.status, body: await response.json() };
  };
}

describe('/api/records', () => {
  test('gives the records of a type, as many as asked for', async () => {
    const get = await setupApp();
    const { status, body } = await get('/api/records?recordType=workout&limit=3');
    expect(status).toBe(200);
    expect(body).toMatchObject({ recordType: 'workout', total: 10 });
    expect(body.records.map(({ soul, data }) => [soul, data.name])).toEqual([0, 1, 2].map((n) => [`f3a9c1d27b40:workout-${n}`, `Workout ${n}`]));
    expect(body.records[0].data.exercises[0]).toBe('f3a9c1d27b40:exercise-0-0');
  });

  test('resolves a level; what is missing leaves its soul', async () => {
    const get = await setupApp();
    const { body } = await get('/api/records?recordType=workout&resolveDepth=1&limit=5');
    const [stored, , absent] = body.records[4].data.exercises;
    expect(stored).toMatchObject({ soul: 'f3a9c1d27b40:exercise-4-0', data: { sets: 3, equipment: ['f3a9c1d27b40:equipment-barbell', expect.any(String)] } });
    expect(absent).toBe('f3a9c1d27b40:exercise-4-2');
  });

  test('resolves two levels and leaves the records in memory as they are', async () => {
    const records = new Map(samples());
    const before = JSON.stringify([...records]);
    const get = await setupApp(records);
    const { body } = await get('/api/records?recordType=workout&resolveDepth=2&limit=5');
    const names = body.records.flatMap(({ data }) => data.exercises.slice(0, 2).map((exercise) => exercise.data.equipment[0].data.name));
    expect(names).toEqual(Array(10).fill('Barbell'));
    expect(JSON.stringify([...records])).toBe(before);
  });

  test('without records of a type, the list is empty', async () => {
    const get = await setupApp(new Map());
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
    const get = await setupApp();
    expect(await get(`/api/records?${query}`)).toEqual({ status: 400, body: { error } });
  });
});

test('/api/health says that it lives', async () => {
  const get = await setupApp();
  expect(await get('/api/health')).toEqual({ status: 200, body: { status: 'ok', uptimeSeconds: expect.any(Number) } });
});

test('another path is a 404 that names it', async () => {
  const get = await setupApp();
  expect(await get('/nowhere')).toEqual({ status: 404, body: { error: 'no such path: /nowhere' } });
});

test('memory is warned of only where external memory exceeds 150% of the heap', () => {
  const MB = 1048576;
  const lines = (external) => memoryLines({ rss: 80 * MB, heapUsed: 10 * MB, external });
  expect(lines(15 * MB)).toEqual(['🧠 [Memory Leak Tracker] rss 80.0 MB, heap 10.0 MB, external 15.0 MB (150.0% of heap)']);
  expect(lines(15 * MB + 1)[1]).toBe('🚨 [EXTERNAL MEMORY LEAK] external 15.0 MB is 150.0% of heap 10.0 MB');
});
