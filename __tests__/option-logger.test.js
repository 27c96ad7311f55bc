'use strict';

const { newClient, thrownBy } = require('./helpers/setup');

const nothing = () => {};

test.each([
  ['console', console],
  ['silence', false],
  ['the default', undefined],
  ['an object with the three methods', { log: nothing, warn: nothing, error: nothing }],
  ['a class with more', new (class { log() {} warn() {} error() {} debug() {} })()],
])('logger may be %s', (_what, logger) => {
  newClient({ logger });
});

test.each([
  ['true', true],
  ['null', null],
  ['a number', 5],
  ['a name', 'console'],
  ['an object without methods', {}],
  ['an object without log', { warn: nothing, error: nothing }],
  ['an object without warn', { log: nothing, error: nothing }],
  ['an object without error', { log: nothing, warn: nothing }],
  ['an object with a method that is none', { log: 'log', warn: nothing, error: nothing }],
])('logger may not be %s', (_what, logger) => {
  const error = thrownBy(() => newClient({ logger }));
  expect(error.code).toBe('ERR_GUN_INVALID_ARGUMENT');
  expect(error.message).toMatch(/logger .*log, warn.* error/);
});
