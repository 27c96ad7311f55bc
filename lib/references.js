'use strict';

const { GunError } = require('./error');

/** References that one call follows at most: a graph that fans out ends here, not in the memory of the process. */
const MAX_REFERENCES = 10000;

/**
 * Puts the records that references point at in their places, level by level, `depth` levels deep. A reference whose
 * record is missing stays as it is, and so does one to a record that it stands in. An answer whose reference could not be
 * followed becomes that failure, and so does one that refers to more than a call follows.
 *
 * @param {Array<object | null | GunError>} answers changed in place
 * @param {string[]} souls of the answers
 * @param {number} depth
 * @param {(souls: string[]) => Promise<Array<object | null | GunError>>} ask for the records of a level, all at once
 */
async function follow(answers, souls, depth, ask) {
  let followed = 0;
  let level = answers.map((record, index) => ({ record, index, path: { soul: souls[index] } })).filter(hasRecord);
  for (let left = depth; left > 0; left -= 1) {
    const references = level.flatMap(referencesIn).filter(({ index }) => !isFailed(answers[index]));
    if (references.length === 0) break;
    followed += references.length;
    if (followed > MAX_REFERENCES) {
      for (const index of new Set(references.map((reference) => reference.index))) answers[index] = tooMany(souls[index]);
      break;
    }
    const found = await ask(references.map(({ soul }) => soul));
    level = references.map((reference, at) => settle(reference, found[at], answers)).filter(hasRecord);
  }
  return answers;
}

function hasRecord({ record }) {
  return record !== null && !isFailed(record);
}

function isFailed(answer) {
  return answer instanceof GunError;
}

/** Whether what a reference names is no soul: nothing can be stored there, and the caller's own soul was good. */
function isNoSoul(answer) {
  return isFailed(answer) && answer.code === 'ERR_GUN_INVALID_ARGUMENT';
}

/** Puts a record in the place of its reference, or a failure in the place of the whole answer. */
function settle({ holder, key, soul, index, path }, answer, answers) {
  const record = isNoSoul(answer) ? null : answer;
  if (isFailed(record)) answers[index] = record;
  // An assignment to `__proto__` would not make a property.
  else if (record !== null) Object.defineProperty(holder, key, { value: record, writable: true, enumerable: true, configurable: true });
  return { record, index, path: { soul, parent: path } };
}

/** The references in a record, at whatever place, but for those to where they stand. Nesting costs no stack. */
function referencesIn({ record, index, path }) {
  const references = [];
  const holders = [record];
  while (holders.length > 0) {
    const holder = holders.pop();
    for (const key of Object.keys(holder)) {
      const value = holder[key];
      if (typeof value !== 'object' || value === null) continue;
      const soul = soulOf(value);
      if (soul === undefined) holders.push(value);
      else if (!isWithin(path, soul)) references.push({ holder, key, soul, index, path });
    }
  }
  return references;
}

/** The soul that a reference points at: GUN writes it as an object whose one key is `#`. */
function soulOf(value) {
  const soul = value['#'];
  return typeof soul === 'string' && soul !== '' && Object.keys(value).length === 1 ? soul : undefined;
}

function isWithin(path, soul) {
  for (let at = path; at !== undefined; at = at.parent) {
    if (at.soul === soul) return true;
  }
  return false;
}

function tooMany(soul) {
  const message = `a call follows at most ${MAX_REFERENCES} references`;
  return new GunError(message, { code: 'ERR_GUN_OVERLOADED', soul });
}

module.exports = { follow };
