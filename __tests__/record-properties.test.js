'use strict';

const fc = require('fast-check');
const { recordText } = require('./helpers/answers');
const { setup } = require('./helpers/setup');

/** Text that is JSON, almost JSON, or none. */
const text = fc.oneof(fc.json(), fc.json().map((json) => json.slice(0, -1)), fc.string({ unit: 'binary' }));
const anyRecord = fc.record(
  { data: fc.oneof(text, fc.jsonValue()), oip: fc.oneof(text, fc.jsonValue()), more: fc.jsonValue() },
  { requiredKeys: [] },
);

function parsed(value) {
  try {
    return typeof value === 'string' ? JSON.parse(value) : value;
  } catch {
    return value;
  }
}

test('any record reads as JSON.parse reads it', async () => {
  let answer;
  const { client } = await setup(() => (response) => answer(response));
  await fc.assert(
    fc.asyncProperty(anyRecord, async (data) => {
      const written = JSON.stringify(data);
      answer = recordText(written);
      const expected = JSON.parse(written);
      for (const field of ['data', 'oip']) {
        if (Object.hasOwn(expected, field)) expected[field] = parsed(expected[field]);
      }
      const record = await client.getRecord('a');
      expect(JSON.stringify(record)).toBe(JSON.stringify(expected));
    }),
    { numRuns: 300 },
  );
});
