'use strict';

const { createHash } = require('crypto');
const { inspect } = require('util');
const { GunHelper } = require('../examples/indexer/helpers/gun');
const { references, script, souls } = require('./helpers/corpus');
const { PATHS, capturedErrors } = require('./helpers/paths');
const { newRelay } = require('./helpers/setup');

// On a busy machine a test may take long, and none depends on how long.
jest.setTimeout(60_000);

const WHOLE = { depth: Infinity, maxArrayLength: 10, maxStringLength: 1_000 };

/** Does the same on both paths, each at a relay of its own that says the same, and returns what came of it. */
async function onBoth(action) {
  const outcomes = [];
  for (const path of ['plain JavaScript', 'gun-native']) {
    const relay = await newRelay(script);
    const logged = capturedErrors();
    const outcome = await action(new GunHelper({ client: PATHS[path](relay) }), relay);
    outcomes.push({ outcome, asked: relay.souls.sort(), logged: logged.map(comparable) });
  }
  return outcomes;
}

/** A message without what differs from run to run. */
function comparable(message) {
  return message
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, 'RELAY')
    // The addon says in addition what to do.
    .replace(/"; .*(?= \(\d+ attempt)/, '"')
    .replace(/ in \d+ ms\)/, ')')
    .replace(/it is a page, not JSON: .* \(/, 'it is not a JSON object (');
}

/** An answer with all that a caller can see: values, -0 and Infinity too, the order of keys, `__proto__` among them. */
function seen(answer) {
  if (!(answer instanceof Error)) return [JSON.stringify(answer), inspect(answer, WHOLE)].map(short);
  const { name, code, soul, status, attempts, retryable, message } = answer;
  return { name, code, soul, status, attempts, retryable, message: comparable(message) };
}

/** A long text as its digest. */
function short(text) {
  return text.length < 2_000 ? text : createHash('sha256').update(text).digest('hex');
}

const named = (answers) => answers.map((answer, at) => [at, String(souls[at]).slice(0, 40), seen(answer)]);

test('the corpus has some 200 souls', () => {
  expect(new Set(souls).size).toBe(souls.length);
  expect(souls.length).toBeGreaterThanOrEqual(200);
});

test('every soul has the same answer or the same failure on both paths, after the same requests', async () => {
  const [js, native] = await onBoth((gun) => Promise.all(souls.map((soul) => gun.getRecordOrThrow(soul).catch((error) => error))));
  expect(named(native.outcome)).toStrictEqual(named(js.outcome));
  expect(native.asked).toEqual(js.asked);
});

test('so it is in one batch, and in what both paths log', async () => {
  const [js, native] = await onBoth((gun) => gun.getRecords(souls));
  expect(named(native.outcome)).toStrictEqual(named(js.outcome));
  expect(native.asked).toEqual(js.asked);
  expect(native.logged.sort()).toEqual(js.logged.sort());
  expect(js.logged.length).toBeGreaterThan(20);
});

test('so it is with getRecord, where failures are null', async () => {
  const [js, native] = await onBoth((gun) => Promise.all(souls.map((soul) => gun.getRecord(soul))));
  expect(named(native.outcome)).toStrictEqual(named(js.outcome));
  expect(native.logged.sort()).toEqual(js.logged.sort());
});

test('so it is at the second time, when missing souls are known', async () => {
  const twice = async (gun, relay) => {
    await gun.getRecords(souls);
    relay.requests.length = 0;
    return gun.getRecords(souls);
  };
  const [js, native] = await onBoth(twice);
  expect(named(native.outcome)).toStrictEqual(named(js.outcome));
  expect(native.asked).toEqual(js.asked);
  expect(native.asked).not.toContain('f3a9c1d27b40:exercise-0');
});

test.each([0, 1, 2, 3, 8])('so it is with references followed %i levels deep', async (resolveRefs) => {
  const [js, native] = await onBoth((gun) => gun.getRecords(references, { resolveRefs }));
  expect(native.outcome.map(seen)).toStrictEqual(js.outcome.map(seen));
  expect([...new Set(native.asked)]).toEqual([...new Set(js.asked)]);
});

test("a caller's changes to an answer show in no other answer, on either path", async () => {
  const [js, native] = await onBoth(async (gun) => {
    const batches = [gun.getRecords([...souls, ...souls], { resolveRefs: 2 }), gun.getRecords(souls, { resolveRefs: 2 })];
    const [changed, other] = await Promise.all(batches);
    const untouched = changed.splice(souls.length);
    const before = [untouched, other].map((answers) => answers.map(seen).map(JSON.stringify));
    changed.filter((answer) => answer !== null && !(answer instanceof Error)).forEach(ruin);
    expect([untouched, other].map((answers) => answers.map(seen).map(JSON.stringify))).toEqual(before);
    return gun.getRecords(souls, { resolveRefs: 2 });
  });
  expect(named(native.outcome)).toStrictEqual(named(js.outcome));
  expect(JSON.stringify(named(native.outcome))).not.toContain('RUINED');
});

/** Changes everything that there is in an answer. */
function ruin(answer) {
  const holders = [answer];
  while (holders.length > 0) {
    const holder = holders.pop();
    for (const [key, value] of Object.entries(holder)) {
      if (typeof value === 'object' && value !== null) holders.push(value);
      else Object.defineProperty(holder, key, { value: 'RUINED', enumerable: true });
    }
    holder.RUINED = true;
  }
}
