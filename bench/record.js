'use strict';

// The records of the benchmark: what the relay sends and what a client must return. Souls have 40 characters, the indexer's
// average; a record consists of small fields, as the relay sends it after parsing its JSON strings.

const SOUL_PREFIX = 'f3a9c1d27b40:workout-';
const SOUL_DIGITS = 19;

/** The soul of a number, as one flat string, as JSON.parse makes it. */
function soulAt(number) {
  return Buffer.from(SOUL_PREFIX + String(number).padStart(SOUL_DIGITS, '0')).toString('latin1');
}

/** `count` souls, distinct for each `family`. */
function souls(count, family = 0) {
  return Array.from({ length: count }, (_, index) => soulAt(family * 1e9 + index));
}

const NOTES = {
  found: 'Keep the back straight, lower for three seconds, rest for ninety between sets.',
  'found-utf8': 'Rücken gerade halten, drei Sekunden absenken, neunzig Pausen · 休憩九十秒 💪',
};

function exercise(number, note) {
  return { name: `exercise ${number}`, sets: 3 + (number % 3), reps: 8, weightKg: 42.5 + number, note, done: number % 2 === 0 };
}

function textAround(soul, behaviour, exercises, padding) {
  const record = {
    _: { '#': soul, '>': { data: 1733616000000, oip: 1733616000000 } },
    data: {
      basic: { name: 'Workout of the day', language: 'en', date: 1733616000, tagItems: ['strength', 'legs', 'morning'] },
      workout: { durationMinutes: 45, exercises },
      padding,
    },
    oip: { didTx: `did:gun:${soul}`, recordType: 'workout', storage: 'gun', checksum: exercises.length * 7919 + padding.length },
  };
  return JSON.stringify({ success: true, data: record });
}

const templates = new Map();

/** The parts of a body of `bytes` bytes around its soul, and the checksum at its end. */
function template(behaviour, bytes) {
  const key = `${behaviour}/${bytes}`;
  if (!templates.has(key)) {
    const mark = 'S'.repeat(SOUL_PREFIX.length + SOUL_DIGITS);
    const note = NOTES[behaviour];
    const room = bytes - Buffer.byteLength(textAround(mark, behaviour, [], '')) - 8;
    const each = Buffer.byteLength(JSON.stringify(exercise(1000, note))) + 1;
    const exercises = Array.from({ length: Math.max(0, Math.floor(room / each)) }, (_, index) => exercise(index, note));
    const short = bytes - Buffer.byteLength(textAround(mark, behaviour, exercises, ''));
    const text = textAround(mark, behaviour, exercises, '.'.repeat(Math.max(0, short)));
    templates.set(key, { parts: text.split(mark), checksum: JSON.parse(text).data.oip.checksum });
  }
  return templates.get(key);
}

/** The relay's body for an existing soul. */
function bodyOf(behaviour, bytes, soul) {
  return template(behaviour, bytes).parts.join(soul);
}

/** Throws unless `record` is the soul's complete record, so that no client is fast by being wrong. */
function checkFound(record, soul, checksum) {
  if (record === null || record._['#'] !== soul || record.oip.checksum !== checksum) {
    throw new Error(`a wrong answer for ${soul}: ${JSON.stringify(record)?.slice(0, 200)}`);
  }
}

function checkMissing(record, soul) {
  if (record !== null) throw new Error(`${soul} is missing, but the answer was ${JSON.stringify(record)?.slice(0, 200)}`);
}

/** The check for answers of this behaviour: `found/1600`, `missing/0`, ... */
function checkFor(behaviour) {
  const [name, argument] = behaviour.split('/');
  if (!(name in NOTES)) return checkMissing;
  const { checksum } = template(name, Number(argument));
  return (record, soul) => checkFound(record, soul, checksum);
}

/** The complete record of a soul; `null` if it is missing. */
function expectedRecord(behaviour, soul) {
  const [name, argument] = behaviour.split('/');
  return name in NOTES ? JSON.parse(bodyOf(name, Number(argument), soul)).data : null;
}

module.exports = { soulAt, souls, bodyOf, checkFor, expectedRecord };
