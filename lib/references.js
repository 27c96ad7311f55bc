'use strict';

const { setImmediate } = require('timers');
const { show } = require('./arguments');
const { GunError } = require('./error');

/** Maximum references that one call follows. */
const MAX_REFERENCES = 100000;

/**
 * Children per batch: few at first, because their size is unknown, then as many as fit into the bytes left by the mean size
 * so far.
 */
const FIRST_BATCH = 64;
const GROWTH = 4;
const LARGEST_BATCH = 4096;
const SMALLEST_BATCH = 16;

/** Text processed in one turn of the event loop, as for answers that the addon delivers. */
const TURN_BYTES = 256 * 1024;

/**
 * Replaces references with the records that they name, level by level, up to `depth` levels. References to missing records,
 * cycles and invalid souls are left unchanged. An answer whose child fails, or that exceeds a limit, becomes that failure.
 * Limits are for all answers of a call together, because all of them are in memory at once.
 *
 * @param {Array<object | null | GunError>} answers changed in place
 * @param {string[]} souls of the answers
 * @param {number} depth
 * @param {number} maxBytes of the text of all records put in place
 * @param {(souls: string[]) => Promise<Array<object | null | GunError>>} ask for the records of distinct souls
 */
async function follow(answers, souls, depth, maxBytes, ask) {
  const call = new Call(answers, souls, maxBytes);
  let level = answers.map((record, index) => ({ record, index, path: { soul: souls[index] } })).filter(({ record }) => isRecord(record));
  for (let left = depth; left > 0; left -= 1) {
    const references = call.admitted(level.flatMap(referencesIn));
    if (references.length === 0) break;
    level = await resolve(call, references, ask);
  }
  return answers;
}

/** The state of a call's answers. */
class Call {
  constructor(answers, souls, maxBytes) {
    this.answers = answers;
    this.souls = souls;
    this.maxBytes = maxBytes;
    this.references = 0;
    /** Bytes of inserted text, in total and per answer. */
    this.bytes = 0;
    this.bytesOf = new Map();
    /** Records inserted in this level, by answer. */
    this.placed = new Map();
  }

  isFailed({ index }) {
    return isFailed(this.answers[index]);
  }

  fail(index, error) {
    this.answers[index] = error;
    // The answer is dropped and its bytes are released, so nothing may keep its records.
    for (const { holder, key } of this.placed.get(index) || []) define(holder, key, null);
    this.placed.delete(index);
    this.bytes -= this.bytesOf.get(index) || 0;
    this.bytesOf.delete(index);
  }

  /** Adds an inserted record. */
  put(place) {
    const others = this.placed.get(place.index);
    if (others === undefined) this.placed.set(place.index, [place]);
    else others.push(place);
  }

  /** Ends a level: the inserted records are the next one. */
  nextLevel() {
    const level = [];
    for (const places of this.placed.values()) {
      for (const place of places) level.push(place);
    }
    this.placed = new Map();
    return level;
  }

  /** The references of a level, without answers that have too many. */
  admitted(references) {
    const counts = new Map();
    for (const { index } of references) counts.set(index, (counts.get(index) || 0) + 1);
    for (const [index, count] of counts) {
      if (this.isFailed({ index })) continue;
      if (this.references + count > MAX_REFERENCES) this.fail(index, tooMany(this.souls[index]));
      else this.references += count;
    }
    return references.filter((reference) => !this.isFailed(reference));
  }

  /** Reserves bytes for records in an answer, which fails if there are not enough. */
  reserve(index, bytes) {
    if (this.bytes + bytes > this.maxBytes) {
      this.fail(index, tooLarge(this.souls[index], this.maxBytes));
      return;
    }
    this.bytes += bytes;
    this.bytesOf.set(index, (this.bytesOf.get(index) || 0) + bytes);
  }
}

/** Asks for each soul of a level once and inserts its record at every reference to it. Returns the records inserted. */
async function resolve(call, references, ask) {
  const placesOf = bySoul(references);
  const souls = Array.from(placesOf.keys());
  const seen = { asked: 0, bytes: 0 };
  let unyielded = 0;
  for (let at = 0, size = FIRST_BATCH; at < souls.length; at += size, size = nextSize(size, call, seen)) {
    const wanted = souls.slice(at, at + size).filter((soul) => placesOf.get(soul).some((place) => !call.isFailed(place)));
    const found = wanted.length === 0 ? [] : await ask(wanted);
    seen.asked += wanted.length;
    for (let index = 0; index < found.length; index += 1) {
      const bytes = isRecord(found[index]) ? bytesOf(found[index]) : 0;
      seen.bytes += bytes;
      for (const place of put(call, found[index], bytes, placesOf.get(wanted[index]))) {
        call.put(place);
        unyielded += bytes;
        if (unyielded > TURN_BYTES) {
          unyielded = 0;
          await new Promise((next) => setImmediate(next));
        }
      }
    }
  }
  return call.nextLevel();
}

function bySoul(references) {
  const places = new Map();
  for (const reference of references) {
    const others = places.get(reference.soul);
    if (others === undefined) places.set(reference.soul, [reference]);
    else others.push(reference);
  }
  return places;
}

function nextSize(size, call, { asked, bytes }) {
  const room = bytes === 0 ? Infinity : Math.floor(((call.maxBytes - call.bytes) * asked) / bytes);
  return Math.min(size * GROWTH, LARGEST_BATCH, Math.max(room, SMALLEST_BATCH));
}

/** Inserts a child at its places. Answers fail if the child failed or does not fit. */
function* put(call, child, bytes, places) {
  if (child === null || isNoSoul(child)) return;
  const counts = new Map();
  for (const { index } of places) counts.set(index, (counts.get(index) || 0) + 1);
  for (const [index, count] of counts) {
    if (call.isFailed({ index })) continue;
    if (isFailed(child)) call.fail(index, child);
    else call.reserve(index, bytes * count);
  }
  let isUsed = false;
  for (const { holder, key, soul, index, path } of places) {
    if (call.isFailed({ index })) continue;
    // Every place gets its own object; the first one needs no copy.
    const record = isUsed ? copyOf(child) : child;
    isUsed = true;
    define(holder, key, record);
    yield { holder, key, record, index, path: { soul, parent: path } };
  }
}

function isRecord(answer) {
  return answer !== null && !isFailed(answer);
}

function isFailed(answer) {
  return answer instanceof GunError;
}

/** Whether a reference names an invalid soul, under which nothing can be stored. The caller's own soul was valid. */
function isNoSoul(answer) {
  return isFailed(answer) && answer.code === 'ERR_GUN_INVALID_ARGUMENT';
}

/** The references in a record, wherever they are, except those to a record that they are part of. Nesting costs no stack. */
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

/** The length of a record's text without escapes and spaces. */
function bytesOf(record) {
  let bytes = 0;
  const holders = [record];
  while (holders.length > 0) {
    const holder = holders.pop();
    const isArray = Array.isArray(holder);
    const keys = Object.keys(holder);
    // Brackets, and commas between the members.
    bytes += 2 + Math.max(0, keys.length - 1);
    for (const key of keys) {
      const value = holder[key];
      if (!isArray) bytes += textBytes(key) + 1;
      if (typeof value === 'string') bytes += textBytes(value);
      else if (typeof value === 'object' && value !== null) holders.push(value);
      else bytes += String(value).length;
    }
  }
  return bytes;
}

function textBytes(text) {
  return Buffer.byteLength(text) + 2;
}

/** A copy like the result of another `JSON.parse`. */
function copyOf(record) {
  const whole = emptyLike(record);
  const pairs = [[record, whole]];
  while (pairs.length > 0) {
    const [from, to] = pairs.pop();
    for (const key of Object.keys(from)) {
      const value = from[key];
      if (typeof value !== 'object' || value === null) {
        define(to, key, value);
        continue;
      }
      const copy = emptyLike(value);
      define(to, key, copy);
      pairs.push([value, copy]);
    }
  }
  return whole;
}

function emptyLike(value) {
  return Array.isArray(value) ? [] : {};
}

/** Sets a member. Assigning to `__proto__` would not create one. */
function define(holder, key, value) {
  if (key === '__proto__') Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
  else holder[key] = value;
}

function tooMany(soul) {
  const message = `the answer for soul ${show(soul)} has more references than one call follows (${MAX_REFERENCES}); use a smaller resolveRefs`;
  return new GunError(message, { code: 'ERR_GUN_OVERLOADED', soul });
}

function tooLarge(soul, maxBytes) {
  const message = `the records that soul ${show(soul)} refers to add up to more than ${maxBytes} bytes of text (maxBodyBytes); use a smaller resolveRefs`;
  return new GunError(message, { code: 'ERR_GUN_BODY_TOO_LARGE', soul });
}

module.exports = { follow };
