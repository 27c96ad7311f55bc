'use strict';

const { missingAfter } = require('./helpers/answers');
const { setup } = require('./helpers/setup');

const CALLERS = 10;
const SOULS = Array.from({ length: 56 }, (_, number) => `f3a9c1d27b40:exercise-${number}`);
const ALL_MISSING = Array(CALLERS).fill(Array(SOULS.length).fill(null));

const asked = {
  'one call per soul': (client) => Promise.all(SOULS.map((soul) => client.getRecord(soul))),
  'one batch': (client) => client.getRecords(SOULS),
};

async function timed(action) {
  const begun = performance.now();
  return [await action(), performance.now() - begun];
}

// The relay waits 3 s for its peers before it says that it has no record.
test.each(Object.entries(asked))('56 missing souls asked by ten callers at once are 56 requests and one wait, then none: %s', async (_how, ask) => {
  const { relay, client } = await setup(() => missingAfter(3_000));
  const tenCallers = () => Promise.all(Array.from({ length: CALLERS }, () => ask(client)));

  const [first, firstMs] = await timed(tenCallers);
  expect(first).toEqual(ALL_MISSING);
  expect(relay.requests).toHaveLength(56);
  expect(firstMs).toBeLessThan(4_500); // two waves would take 6 s

  const [second, secondMs] = await timed(tenCallers);
  expect(second).toEqual(ALL_MISSING);
  expect(relay.requests).toHaveLength(56);
  expect(secondMs).toBeLessThan(500);
  expect(client.cacheStats()).toMatchObject({
    total: 1_120,
    hits: 560,
    size: 56,
    requests: { sent: 56, missing: 56, coalesced: 504 },
  });
}, 15_000);
