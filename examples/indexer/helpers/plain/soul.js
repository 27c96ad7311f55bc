'use strict';

const { failure } = require('./failure');

const MAX_BYTES = 4096;

function checkSoul(soul) {
  const isNot = whatItIsInstead(soul);
  if (isNot === undefined) return;
  const rule = `soul must be a non-empty, well-formed string of at most ${MAX_BYTES} bytes`;
  throw failure('ERR_GUN_INVALID_ARGUMENT', `${rule}, got ${isNot}`);
}

function isSoul(value) {
  return whatItIsInstead(value) === undefined;
}

function whatItIsInstead(value) {
  if (typeof value !== 'string') return `a value of type ${value === null ? 'null' : typeof value}`;
  if (value === '') return 'an empty string';
  const bytes = Buffer.from(value);
  if (bytes.toString() !== value) return 'one with a lone surrogate'; // it has no form on the wire
  return bytes.length > MAX_BYTES ? 'a longer one' : undefined;
}

module.exports = { checkSoul, isSoul };
