'use strict';

const { record } = require('./helpers/answers');
const { setup } = require('./helpers/setup');

const LARGE = { text: 'x'.repeat(300_000) };
const SOULS = Array.from({ length: 12 }, (_, n) => `soul ${n}`);
const SCRIPT = Object.fromEntries(SOULS.map((soul) => [soul, record(LARGE)]));

test.each([1, 400_000, 1_000_000])('with maxBufferedBytes of %s, however many records arrive at once, all are delivered', async (maxBufferedBytes) => {
  const { client } = await setup(SCRIPT, { maxBufferedBytes });
  expect(await Promise.all(SOULS.map((soul) => client.getRecord(soul)))).toEqual(SOULS.map(() => LARGE));
  // The texts of a batch wait for one another.
  expect(await client.getRecords(SOULS)).toEqual(SOULS.map(() => LARGE));
});
