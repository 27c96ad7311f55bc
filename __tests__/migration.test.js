'use strict';

// Callers see the same before and after: the example's helper on plain axios and with all patches, at relays that hold the same.

const { script, souls: all } = require('./helpers/corpus');
const { startIndexer } = require('./helpers/indexer');
const { newRelay } = require('./helpers/setup');

// On a busy machine a test may take long, and none depends on how long.
jest.setTimeout(60_000);

const souls = all.filter((soul) => typeof soul === 'string');

/** Asks for each soul and returns what a caller can see of the answers: values, -0 and Infinity too, and the order of keys. */
const answersTo = async ({ gun, logged, require }, asked) => {
  const { createHash } = require('crypto');
  const { inspect } = require('util');
  const answers = [];
  for (const soul of asked) {
    logged.length = 0;
    const answer = await gun.getRecord(soul);
    const text = JSON.stringify(answer) + inspect(answer, { depth: Infinity, maxArrayLength: 10, maxStringLength: 1000 });
    const shown = text.length < 2000 ? text : createHash('sha256').update(text).digest('hex');
    answers.push({ answer: answer === null ? null : shown, failed: logged.some((line) => line.startsWith('⚠️  Error in getRecord')) });
  }
  return answers;
};

/** What differs on purpose, as `[on axios, with gun-native]`: null, or the beginning of the answer; failures are in the log. */
const MISSING = { answer: null, failed: false };
const FAILED = { answer: null, failed: true };
const DIFFERENT = {
  // No 404 but the relay's "Not found" is about the soul.
  'no-endpoint': [MISSING, FAILED],
  'proxy-page': [MISSING, FAILED],
  'bare-404': [MISSING, FAILED],
  // The relay says that it has no record.
  'no-success': [FAILED, MISSING],
  // Answers that are no records were taken for records, or for missing.
  list: [{ answer: expect.any(String), failed: false }, FAILED],
  text: [{ answer: expect.any(String), failed: false }, FAILED],
  nothing: [MISSING, FAILED],
  'no-word': [{ answer: expect.any(String), failed: false }, FAILED],
  'not-utf8': [{ answer: expect.any(String), failed: false }, FAILED],
  // No soul, or too long for one: the relay is not asked.
  '': [MISSING, FAILED],
  ['y'.repeat(4097)]: [MISSING, FAILED],
  ['é'.repeat(2049)]: [MISSING, FAILED],
};

test('every soul has the same answer or the same failure as before, but for those listed here', async () => {
  expect(souls.length).toBeGreaterThanOrEqual(200);
  const outcomes = [];
  for (const steps of [0, 3]) {
    const relay = await newRelay(script);
    outcomes.push(await startIndexer(steps, relay.url).run(answersTo, souls));
  }
  const [before, after] = outcomes;
  const isDifferent = (soul) => Object.hasOwn(DIFFERENT, soul);
  const seen = (answers) => souls.map((soul, n) => [soul.slice(0, 40), isDifferent(soul) ? 'listed' : answers[n]]);
  expect(seen(after)).toStrictEqual(seen(before));
  const listed = Object.fromEntries(Object.keys(DIFFERENT).map((soul) => [soul, [before, after].map((answers) => answers[souls.indexOf(soul)])]));
  expect(listed).toEqual(DIFFERENT);
});

test("a caller's changes to an answer show in no other answer", async () => {
  const relay = await newRelay(script);
  const { run } = startIndexer(3, relay.url, { GUN_RECORD_CACHE_TTL_MS: '60000' });
  const changed = await run(async ({ gun }) => {
    const soul = 'f3a9c1d27b40:workout-2024-12-1';
    const answers = await Promise.all([gun.getRecord(soul), gun.getRecord(soul)]);
    const untouched = JSON.stringify(answers[1]);
    answers[0].data.exercises.push('RUINED');
    answers[0].oip = 'RUINED';
    answers.push(await gun.getRecord(soul));
    return answers.slice(1).map((answer) => JSON.stringify(answer) === untouched);
  });
  expect(changed).toEqual([true, true]);
});
