'use strict';

const RECORD_TYPES = ['workout', 'mealPlan'];
const MAX_DEPTH = 2;
const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 20;

/**
 * What a query asks for, or the reason why it asks for nothing that there is.
 *
 * @returns {{query?: {recordType: string, resolveDepth: number, limit: number}, reason?: string}}
 */
function parseQuery({ recordType, resolveDepth = '0', limit = String(DEFAULT_LIMIT) }) {
  if (!RECORD_TYPES.includes(recordType)) return refusal('recordType', `one of ${RECORD_TYPES.join(', ')}`, recordType);
  if (!isWhole(resolveDepth, 0, MAX_DEPTH)) return refusal('resolveDepth', `a whole number from 0 to ${MAX_DEPTH}`, resolveDepth);
  if (!isWhole(limit, 1, MAX_LIMIT)) return refusal('limit', `a whole number from 1 to ${MAX_LIMIT}`, limit);
  return { query: { recordType, resolveDepth: Number(resolveDepth), limit: Number(limit) } };
}

function isWhole(text, least, most) {
  return typeof text === 'string' && /^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most;
}

function refusal(name, allowed, given) {
  const got = given === undefined ? 'nothing' : JSON.stringify(given).slice(0, 100);
  return { reason: `${name} must be ${allowed}, got ${got}` };
}

module.exports = { parseQuery };
