'use strict';

const { historyOf } = require('../lib/metrics/history');

afterEach(() => jest.useRealTimers());

test('a sample is taken every 5 s, and those of the last 10 minutes are kept with their age', () => {
  jest.useFakeTimers();
  let count = 0;
  const history = historyOf(() => ({ count: (count += 1) }));
  expect(history()).toEqual([]);
  jest.advanceTimersByTime(10_000);
  expect(history()).toEqual([{ ageMs: 5_000, count: 1 }, { ageMs: 0, count: 2 }]);
  jest.advanceTimersByTime(1_200_000);
  expect(history()).toHaveLength(120);
  expect(history()[0].ageMs).toBe(595_000);
});

test('a sample that cannot be taken is left out', () => {
  jest.useFakeTimers();
  let isBroken = true;
  const history = historyOf(() => {
    if (isBroken) throw new Error('no environment');
    return {};
  });
  jest.advanceTimersByTime(5_000);
  isBroken = false;
  jest.advanceTimersByTime(5_000);
  expect(history()).toEqual([{ ageMs: 0 }]);
});
