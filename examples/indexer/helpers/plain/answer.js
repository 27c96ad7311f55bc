'use strict';

const FIELDS_OF_JSON = ['data', 'oip'];
const TRANSIENT = [408, 425, 429, 500, 502, 503, 504];

/**
 * What the relay's answer means: the body that holds a record, that the soul is missing (only the relay's own word is to
 * be remembered), or a fault.
 *
 * @param {number} status
 * @param {Uint8Array} bytes
 * @returns {{body: string | null, isMissing?: boolean, fault?: {code: string, does: string, why?: string, status?: number, retryable: boolean}}}
 */
function classify(status, bytes) {
  if (status === 404 && saysMissing(bytes)) return { body: null, isMissing: true };
  if (status !== 200) return faulty('ERR_GUN_STATUS', `answered ${status}`, { status, retryable: TRANSIENT.includes(status) });
  const body = textOf(bytes);
  if (body === undefined) return unusable('it is not UTF-8');
  let answer;
  try {
    answer = JSON.parse(body);
  } catch (error) {
    return body !== '' && isCutShort(error) ? unusable('it ends too early', true) : unusable('it is not a JSON object');
  }
  if (!isObject(answer)) return unusable('it is not a JSON object');
  if (answer.success === false) return { body: null };
  if (answer.success !== true || answer.data === undefined) return unusable('it has no "success" with "data"');
  return isObject(answer.data) ? { body } : unusable('its "data" is not an object');
}

/** A 404 speaks of the soul only where the relay says so; a wrong path and a proxy's page do not. */
function saysMissing(bytes) {
  try {
    return /^not found$/i.test(JSON.parse(textOf(bytes)).error);
  } catch (notTheRelay) {
    return false;
  }
}

/** The record in a body that `classify` let pass, with its strings of JSON parsed; those that are none are kept. */
function read(body) {
  if (body === null) return null;
  const { data: record } = JSON.parse(body);
  for (const field of FIELDS_OF_JSON) {
    if (typeof record[field] !== 'string') continue;
    try {
      record[field] = JSON.parse(record[field]);
    } catch (notJson) {
      continue;
    }
  }
  return record;
}

function faulty(code, does, members) {
  return { body: null, fault: Object.assign({ code, does }, members) };
}

function unusable(why, retryable = false) {
  return faulty('ERR_GUN_BAD_RESPONSE', 'gave an unusable answer', { why, retryable });
}

/** Bytes that are not UTF-8 are no text, rather than one with holes. */
function textOf(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (notUtf8) {
    return undefined;
  }
}

function isCutShort({ message }) {
  return /end of JSON input|Unterminated/.test(message);
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

module.exports = { classify, read };
