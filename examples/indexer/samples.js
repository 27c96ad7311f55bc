'use strict';

const { Registry } = require('./helpers/registry');

const PUBLISHER = 'f3a9c1d27b40';

// As on the real nodes: most exercises of a workout are missing, and so are most meals of a plan.
const WORKOUTS = 10;
const EXERCISES = 10;
const STORED_EXERCISES = 2;
const MEAL_PLANS = 10;
const MEALS = 4;
const STORED_MEALS = 1;

const range = (length) => Array.from({ length }, (_, index) => index);
const soulOf = (name) => `${PUBLISHER}:${name}`;
const recordOf = (recordType, data) => ({ data, oip: { recordType, publisher: PUBLISHER } });

/** Sample records as `[soul, record]`. */
function samples() {
  const workouts = range(WORKOUTS).map((n) => [
    soulOf(`workout-${n}`),
    recordOf('workout', { name: `Workout ${n}`, exercises: range(EXERCISES).map((e) => soulOf(`exercise-${n}-${e}`)) }),
  ]);
  const exercises = range(WORKOUTS * STORED_EXERCISES).map((at) => {
    const [n, e] = [Math.floor(at / STORED_EXERCISES), at % STORED_EXERCISES];
    const equipment = [soulOf('equipment-barbell'), soulOf(`equipment-${n}-${e}`)];
    return [soulOf(`exercise-${n}-${e}`), recordOf('exercise', { name: `Exercise ${n}.${e}`, sets: 3, reps: 12, equipment })];
  });
  const plans = range(MEAL_PLANS).map((n) => [
    soulOf(`meal-plan-${n}`),
    recordOf('mealPlan', { name: `Meal plan ${n}`, meals: range(MEALS).map((m) => soulOf(`meal-${n}-${m}`)) }),
  ]);
  const meals = range(MEAL_PLANS * STORED_MEALS).map((n) => [
    soulOf(`meal-${n}-0`),
    recordOf('meal', { name: `Meal ${n}`, ingredients: [soulOf('ingredient-oats'), soulOf(`ingredient-${n}`)] }),
  ]);
  return [
    [soulOf('equipment-barbell'), recordOf('equipment', { name: 'Barbell', kg: 20 })],
    [soulOf('ingredient-oats'), recordOf('ingredient', { name: 'Oats', kcal: 389 })],
    ...workouts,
    ...exercises,
    ...plans,
    ...meals,
  ];
}

/** Stores and registers the samples, and returns how many there are. */
async function store(gun) {
  const records = samples();
  const registry = new Registry(gun);
  await Promise.all(records.map(([soul, record]) => gun.putRecord(record, soul)));
  await Promise.all(records.map(([soul, { oip }]) => registry.register(soul, oip.recordType)));
  return records.length;
}

module.exports = { samples, store };
