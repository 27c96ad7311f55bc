'use strict';

// The events of a run, in hours since the node started.

/** API calls per hour: after a start, users return within two hours; then load follows the time of day. */
const FIRST_LOAD = 28;
const USUAL_LOAD = 480;
const RAMP_HOURS = 2;
const RAMP_POWER = 2;
const DAY_SWING = 0.4;

function loadAt(hour) {
  if (hour < RAMP_HOURS) return FIRST_LOAD + (USUAL_LOAD - FIRST_LOAD) * (hour / RAMP_HOURS) ** RAMP_POWER;
  return USUAL_LOAD * (1 + DAY_SWING * Math.sin((2 * Math.PI * (hour - RAMP_HOURS)) / 24));
}

/** Recurring events: the first hour, and the hours between two. */
const RECURRING = [
  { what: 'sync', first: 0.3, every: 0.5 },
  { what: 'syncByAxios', first: 0.55, every: 0.5 },
  { what: 'put', first: 0.75, every: 0.5 },
  { what: 'burst', first: 2.25, every: 2 },
  { what: 'restart', first: 3.5, every: 5 },
  { what: 'slow', first: 5, every: 6 },
  { what: 'healthy', first: 5.4, every: 6 },
];

/** One in this many API calls is for meal plans, the others are for workouts. */
const MEAL_PLANS_EVERY = 4;

/** All events of a run of `hours`, in order: `{ hour, what }`. */
function scheduleOf(hours, random) {
  const events = [];
  for (const { what, first, every } of RECURRING) {
    for (let hour = first; hour < hours; hour += every) events.push({ hour, what });
  }
  const step = 1 / 600;
  let due = 0;
  let calls = 0;
  for (let hour = 0; hour < hours; hour += step) {
    for (due += loadAt(hour) * step; due >= 1; due -= 1) {
      calls += 1;
      events.push({ hour: hour + random.next() * step, what: calls % MEAL_PLANS_EVERY === 0 ? 'mealPlans' : 'workouts' });
    }
  }
  return events.sort((one, other) => one.hour - other.hour);
}

module.exports = { loadAt, scheduleOf };
