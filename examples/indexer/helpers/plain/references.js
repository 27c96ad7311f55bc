'use strict';

const { failure } = require('./failure');
const { isSoul } = require('./soul');

const MAX_DEPTH = 8;

/** The option resolveRefs, checked. */
function depthOf(resolveRefs = 0) {
  if (Number.isInteger(resolveRefs) && resolveRefs >= 0 && resolveRefs <= MAX_DEPTH) return resolveRefs;
  throw failure('ERR_GUN_INVALID_ARGUMENT', `option resolveRefs must be an integer from 0 to ${MAX_DEPTH}, got ${resolveRefs}`);
}

/** The references in a value, at whatever place: objects whose one key is `#` and names a soul. */
function referencesIn(holder) {
  return [].concat(...Object.keys(holder).map((key) => {
    const value = holder[key];
    if (typeof value !== 'object' || value === null) return [];
    const soul = value['#'];
    return isSoul(soul) && Object.keys(value).length === 1 ? [{ holder, key, soul }] : referencesIn(value);
  }));
}

module.exports = { depthOf, referencesIn };
