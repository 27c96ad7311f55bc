'use strict';

const fs = require('fs');
const path = require('path');
const { ROOT } = require('./helpers/child');

function codesIn(file) {
  const text = fs.readFileSync(path.join(ROOT, file), 'utf8');
  return [...new Set(text.match(/\bERR_GUN_[A-Z_]+\b/g))].sort();
}

const CODES = [
  'ERR_GUN_BAD_RESPONSE',
  'ERR_GUN_BINARY_MISSING',
  'ERR_GUN_BODY_TOO_LARGE',
  'ERR_GUN_CACHE_STORE',
  'ERR_GUN_CIRCUIT_OPEN',
  'ERR_GUN_CLOSED',
  'ERR_GUN_CONNECT',
  'ERR_GUN_INVALID_ARGUMENT',
  'ERR_GUN_OVERLOADED',
  'ERR_GUN_STATUS',
  'ERR_GUN_TIMEOUT',
];

test.each(['src/error/code.rs', 'index.d.ts', 'README.md'])('%s has every code and no other', (file) => {
  expect(codesIn(file)).toEqual(CODES);
});
