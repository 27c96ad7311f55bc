'use strict';

const { missing, record } = require('./helpers/answers');
const { setup, thrownBy, until } = require('./helpers/setup');

test('invalidate tells whether the soul was remembered, and forgets it', async () => {
  const { relay, client } = await setup({ a: [missing(), record({ n: 1 })] });
  expect(client.invalidate('a')).toBe(false);
  expect(await client.getRecord('a')).toBeNull();
  expect(client.invalidate('a')).toBe(true);
  expect(client.invalidate('a')).toBe(false);
  expect(await client.getRecord('a')).toEqual({ n: 1 });
  expect(relay.requests).toHaveLength(2);
  expect(client.cacheStats()).toMatchObject({ size: 0, inserts: 1, invalidations: 1 });
});

test('invalidate forgets no other soul', async () => {
  const { relay, client } = await setup();
  await client.getRecords(['a', 'b']);
  client.invalidate('a');
  await client.getRecords(['a', 'b']);
  expect(relay.souls).toEqual(['a', 'b', 'a']);
});

test('an entry past its life was not remembered', async () => {
  const { relay, client } = await setup({}, { cache: { ttlMs: 1, refresh: false }, sweepEveryMs: 3_600_000 });
  await until(async () => {
    const wasCached = client.invalidate('a');
    await client.getRecord('a');
    return !wasCached && relay.requestsFor('a') > 1; // it was cached by an earlier round
  });
  expect(client.cacheStats().inserts).toBe(relay.requestsFor('a'));
});

test('invalidateAll tells how many souls were remembered, and forgets them', async () => {
  const { relay, client } = await setup();
  expect(client.invalidateAll()).toBe(0);
  await client.getRecords(['a', 'b', 'c']);
  expect(client.invalidateAll()).toBe(3);
  expect(client.invalidateAll()).toBe(0);
  expect(client.cacheStats()).toMatchObject({ size: 0, invalidations: 3 });
  await client.getRecords(['a', 'b', 'c']);
  expect(relay.requests).toHaveLength(6);
});

test.each(['', 5, null, undefined, {}, Symbol('a'), '\ud800', 'a'.repeat(4_097)])(
  'invalidate throws for what is not a soul: %p',
  async (soul) => {
    const { client } = await setup();
    expect(thrownBy(() => client.invalidate(soul))).toMatchObject({ name: 'GunError', code: 'ERR_GUN_INVALID_ARGUMENT' });
  },
);
