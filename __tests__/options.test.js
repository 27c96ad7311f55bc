'use strict';

const { GunClient, GunError } = require('..');
const { newClient, thrownBy } = require('./helpers/setup');

/** Options as they are written in the contract: `cache.ttlMs` stands for `{ cache: { ttlMs } }`. */
function nested(name, value) {
  const [outer, inner] = name.split('.');
  return { [outer]: inner ? { [inner]: value } : value };
}

function refusalOf(options) {
  const error = thrownBy(() => newClient(options));
  expect(error).toBeInstanceOf(GunError);
  expect(error).toMatchObject({ name: 'GunError', code: 'ERR_GUN_INVALID_ARGUMENT', attempts: 0, retryable: false });
  return error.message;
}

const INTEGERS = [
  // option, least
  ['cache.capacity', 0],
  ['cache.ttlMs', 1],
  ['attemptTimeoutMs', 1],
  ['timeoutMs', 1],
  ['retries', 0],
  ['backoff.baseMs', 0],
  ['backoff.maxMs', 0],
  ['retryBudget.minPerSecond', 0],
  ['breaker.failures', 1],
  ['breaker.afterMs', 0],
  ['breaker.probeEveryMs', 1],
  ['maxInFlight', 1],
  ['maxQueue', 0],
  ['maxBodyBytes', 1],
  ['statsEvery', 0],
  ['sweepEveryMs', 1],
].map(([option, least]) => ({ option, least }));

describe.each(INTEGERS)('$option', ({ option, least }) => {
  test.each([
    [least - 1, String(least - 1)],
    [-5, '-5'],
    [1.5, '1.5'],
    [NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [-Infinity, '-Infinity'],
    [2 ** 60, String(2 ** 60)],
    ['5', '"5"'],
    ['', '""'],
    ['line\nbreak', '"line\\nbreak"'],
    [true, 'true'],
    [null, 'null'],
    [5n, '5'],
    [Symbol('five'), ''],
    [() => 5, ''],
    [[5], ''],
    [{ valueOf: () => 5 }, ''],
    [Object.create(null), ''],
  ])('refuses %p, naming the option, the value and what is allowed', (value, shown) => {
    const message = refusalOf(nested(option, value));
    expect(message).toContain(option);
    expect(message).toContain(shown);
    expect(message).toMatch(new RegExp(`integer from ${least} to \\d+`));
    expect(message).not.toContain('\n');
  });

  test('accepts the minimum and the maximum', () => {
    const [, most] = /integer from \d+ to (\d+)/.exec(refusalOf(nested(option, -1)));
    for (const value of [least, Number(most)]) newClient(nested(option, value));
    expect(refusalOf(nested(option, Number(most) * 2))).toContain(option);
  });

  test('may be undefined', () => {
    newClient(nested(option, undefined));
  });
});

test('cache options show in cacheStats', () => {
  const client = newClient({ cache: { capacity: 12, ttlMs: 345 } });
  expect(client.cacheStats()).toMatchObject({ capacity: 12, ttlMs: 345 });
});

test('the defaults are those of the contract', () => {
  for (const options of [undefined, null, {}, { cache: {}, backoff: {}, headers: {} }, { cache: undefined }]) {
    const client = new GunClient(options);
    expect(client.cacheStats()).toMatchObject({ capacity: 10_000, ttlMs: 3_600_000 });
    client.close();
  }
});

test.each([5, 'http://gun-relay:8765', true, Symbol('options'), () => {}])('options must be an object, not %p', (options) => {
  const error = thrownBy(() => new GunClient(options));
  expect(error).toMatchObject({ code: 'ERR_GUN_INVALID_ARGUMENT', message: expect.stringContaining('options') });
});

test.each(['cache', 'backoff', 'headers'])('%s must be an object', (option) => {
  for (const value of [5, 'text', true, Symbol('value'), () => {}]) {
    expect(refusalOf({ [option]: value })).toContain(option);
  }
});

describe.each(['retryBudget', 'breaker'])('%s', (option) => {
  test.each([[true, 'true'], [null, 'null'], [0, '0'], ['false', '"false"'], [Symbol('off'), 'Symbol(off)'], [() => {}, 'a function']])(
    'refuses %p',
    (value, shown) => {
      expect(refusalOf({ [option]: value })).toBe(`option ${option} must be an object or false, got ${shown}`);
    },
  );

  test('may be false, empty or undefined', () => {
    for (const value of [false, {}, undefined]) newClient({ [option]: value });
  });
});

test.each([[-0.1, '-0.1'], [1.1, '1.1'], [NaN, 'NaN'], ['0.2', '"0.2"'], [null, 'null'], [[], 'an array']])('retryBudget.ratio refuses %p', (ratio, shown) => {
  expect(refusalOf({ retryBudget: { ratio } })).toBe(`option retryBudget.ratio must be a number from 0 to 1, got ${shown}`);
});

test('GunClient is a class', () => {
  expect(() => GunClient()).toThrow(TypeError);
});

test('options may change once the client is made', () => {
  const options = { cache: { capacity: 5 } };
  const client = newClient(options);
  options.cache.capacity = 500;
  expect(client.cacheStats().capacity).toBe(5);
});
