'use strict';

// Souls known to be missing that were asked for lately, so that asking again costs no call into the addon. The addon says what
// may be remembered, and for how long: src/negative_cache/mirror.rs has the rules.

const native = require('./binary');

const {
  generation: GENERATION,
  reads: READS,
  limit: LIMIT,
  wanted: WANTED,
  offered: OFFERED,
  offeredIn: OFFERED_IN,
  log: LOG,
  logLength: LOG_LENGTH,
} = native.mirrorLayout();

const NOTHING = 2 ** 32 - 1;

/** Memory: with souls of usual length, half a megabyte. */
const MAX_SOULS = 4096;

// Calls to sit out after souls were remembered and hardly read before all had to be forgotten; twice as many each time.
const MIN_PAUSE = 64;
const MAX_PAUSE = 8192;

/** The generation of one that sits out. */
const NO_GENERATION = -1;

class Recent {
  constructor(words) {
    this.words = words;
    /** Places of entries by soul, of one generation. */
    this.places = new Map();
    this.lastPause = 0;
    this.begin();
  }

  /**
   * Whether a soul is known to be missing. If so, the read counts as a call that was a hit. The words are read without
   * `Atomics`, each of which costs a twentieth of the whole: whatever tells this thread that another one has invalidated a
   * soul, a message or an atomic of the user's, comes before these reads and after those writes.
   */
  has(soul) {
    const { words } = this;
    if (words[GENERATION] !== this.generation) {
      this.forget();
      return false;
    }
    const place = this.places.get(soul);
    if (place === undefined) return false;
    const reads = words[READS];
    if (reads === words[LIMIT]) return false;
    words[LOG + (reads % LOG_LENGTH)] = place;
    words[READS] = reads + 1;
    return true;
  }

  /** Remembers a soul that the addon has just said is missing, if it offers to. */
  add(soul) {
    const { places, words } = this;
    if (words[OFFERED] === NOTHING || words[OFFERED_IN] !== this.generation) return;
    places.set(soul, words[OFFERED]);
    if (places.size >= MAX_SOULS) words[WANTED] = 0;
  }

  /** Forgets what is of a former generation. Where it was read less often than it was remembered, nothing is for a while. */
  forget() {
    const { places, words } = this;
    if (this.pause > 0) {
      this.pause -= 1;
      if (this.pause === 0) this.begin();
      return;
    }
    const hasPaid = places.size <= (words[READS] - this.readsBefore) >>> 0;
    places.clear();
    if (hasPaid) {
      this.lastPause = 0;
      this.begin();
      return;
    }
    this.lastPause = Math.min(Math.max(2 * this.lastPause, MIN_PAUSE), MAX_PAUSE);
    this.pause = this.lastPause;
    this.generation = NO_GENERATION;
    words[WANTED] = 0;
  }

  begin() {
    const { words } = this;
    this.pause = 0;
    this.generation = words[GENERATION];
    this.readsBefore = words[READS];
    words[WANTED] = 1;
  }
}

/** What remembers souls for a client's addon side; where there is no memory to share with the addon, nothing does. */
function recentOf(handle) {
  const words = handle.mirror();
  return words ? new Recent(words) : { has: () => false, add() {} };
}

module.exports = { recentOf };
