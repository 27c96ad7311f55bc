'use strict';

// The records of the soak: workouts and meal plans that refer to exercises and meals, most of which are missing. The relay
// and the indexer generate them from the same seed.

const { Random } = require('../../__tests__/helpers/random');

const PUBLISHER = 'f3a9c1d27b40';
const PLANS = [
  { kind: 'workout', plans: 400, part: 'exercise', parts: 2000, perPlan: 10 },
  { kind: 'mealPlan', plans: 100, part: 'meal', parts: 500, perPlan: 8 },
];
/** The skew of the popularity: the first of 2,000 parts is drawn 125 times as often as the middle one. */
const EXPONENT = 0.7;
/** One in this many parts is stored. */
const STORED_EVERY = 25;

/** The registry's indexes, most of which no node stores, and the index of what was deleted. */
const INDEXES = Array.from({ length: 37 }, (_, n) => `oip:registry:index:type-${n}`);
const STORED_INDEXES = 7;
const INDEX_ENTRIES = 40;
const DELETED = 'oip:deleted:records';
const DELETED_ENTRIES = 1000;

const soulOf = (kind, number) => `${PUBLISHER}:${kind}-${number}`;

/** The souls of the plans by kind, the records that are stored, and the souls that are missing. */
function fixturesOf(seed) {
  const random = new Random(seed);
  const fixtures = { plans: {}, stored: new Map(), missing: [] };
  for (const { kind, plans, part, parts, perPlan } of PLANS) {
    const pick = random.zipf(parts, EXPONENT);
    fixtures.plans[kind] = [];
    for (let number = 0; number < plans; number += 1) {
      const souls = Array.from({ length: perPlan }, () => soulOf(part, pick()));
      fixtures.plans[kind].push(soulOf(kind, number));
      fixtures.stored.set(soulOf(kind, number), { name: `${kind} ${number}`, data: JSON.stringify({ parts: souls }) });
    }
    for (let number = 0; number < parts; number += 1) {
      if (number % STORED_EVERY === 0) fixtures.stored.set(soulOf(part, number), { name: `${part} ${number}`, notes: 'x'.repeat(800) });
      else fixtures.missing.push(soulOf(part, number));
    }
  }
  for (const soul of INDEXES.slice(0, STORED_INDEXES)) fixtures.stored.set(soul, indexOf(soul, INDEX_ENTRIES));
  fixtures.stored.set(DELETED, indexOf(DELETED, DELETED_ENTRIES));
  return fixtures;
}

/** An index as GUN returns it: a reference for each entry. */
function indexOf(soul, entries) {
  return Object.fromEntries(Array.from({ length: entries }, (_, n) => [soulOf('entry', n), { '#': `${soul}/${soulOf('entry', n)}` }]));
}

module.exports = { DELETED, EXPONENT, INDEXES, fixturesOf };
