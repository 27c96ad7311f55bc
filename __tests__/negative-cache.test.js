'use strict';

const { missing } = require('./helpers/answers');
const { setup, until } = require('./helpers/setup');

const ALL_MISSING = () => missing();

test('an entry past its life is not an answer, sweep or no sweep', async () => {
  const { relay, client } = await setup(ALL_MISSING, { cache: { ttlMs: 1, refresh: false }, sweepEveryMs: 3_600_000 });
  let calls = 0;
  await until(async () => {
    expect(await client.getRecord('a')).toBeNull();
    calls += 1;
    return relay.requestsFor('a') === 2;
  });
  expect(client.cacheStats()).toMatchObject({ total: calls, hits: calls - 2, expirations: 1, inserts: 2, size: 1 });
});

test('reading an entry does not lengthen its life', async () => {
  const { relay, client } = await setup(ALL_MISSING, { cache: { ttlMs: 150, refresh: false } });
  await until(async () => (await client.getRecord('a'), relay.requestsFor('a') === 2));
  expect(client.cacheStats()).toMatchObject({ expirations: 1, inserts: 2 });
});

test('no more than `capacity` souls are remembered, and the rest counts as evictions', async () => {
  const { client } = await setup(ALL_MISSING, { cache: { capacity: 4 } });
  for (let soul = 0; soul < 10; soul += 1) await client.getRecord(`soul ${soul}`);
  expect(client.cacheStats()).toMatchObject({ size: 4, capacity: 4, inserts: 10, evictions: 6 });
});

test('the entries within the capacity are all answers', async () => {
  const { relay, client } = await setup(ALL_MISSING, { cache: { capacity: 100 } });
  const souls = Array.from({ length: 100 }, (_, soul) => `soul ${soul}`);
  await client.getRecords(souls);
  await client.getRecords(souls);
  expect(relay.requests).toHaveLength(100);
  expect(client.cacheStats()).toMatchObject({ size: 100, hits: 100, evictions: 0 });
});

test('a capacity of 0 turns the cache off', async () => {
  const { relay, client } = await setup(ALL_MISSING, { cache: { capacity: 0 } });
  expect(await client.getRecord('a')).toBeNull();
  expect(await client.getRecord('a')).toBeNull();
  expect(relay.requestsFor('a')).toBe(2);
  expect(client.cacheStats()).toMatchObject({ size: 0, capacity: 0, hits: 0, inserts: 0 });
  expect(client.invalidate('a')).toBe(false);
  expect(client.invalidateAll()).toBe(0);
});
