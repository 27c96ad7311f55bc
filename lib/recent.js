'use strict';

// The JavaScript side of a mirror: known-missing souls that were read lately are answered without a call into the addon. The
// addon decides what may be kept, and for how long; src/negative_cache/mirror.rs has the rules.

const native = require('./binary');

const {
  trustedUntil: TRUSTED_UNTIL,
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

// If souls were kept but hardly read before they were dropped, the mirror pauses for this many calls, doubled each time.
const MIN_PAUSE = 64;
const MAX_PAUSE = 8192;

/** The generation during a pause. */
const NO_GENERATION = -1;

class Recent {
  constructor(words) {
    this.words = words;
    /** Places of entries by soul; all of one generation. */
    this.places = new Map();
    this.lastPause = 0;
    this.begin();
  }

  /**
   * Whether a soul is known to be missing. If so, this counts as a call and as a hit. `Atomics` would cost a twentieth of an
   * answer each and are not needed: to know that another thread has invalidated a soul, this thread must have received a
   * message or read an atomic, which orders its reads after the invalidation.
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

  /** Keeps a soul that the addon has just reported as missing, if the addon offers it. */
  add(soul) {
    const { places, words } = this;
    if (words[OFFERED] === NOTHING || words[OFFERED_IN] !== this.generation) return;
    places.set(soul, words[OFFERED]);
    if (places.size >= MAX_SOULS) words[WANTED] = 0;
  }

  /** Drops what an older generation left. If it was read less often than it was filled, the mirror pauses. */
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

/** With a shared store, a mirror answers only while the store was heard of lately: the process may have been frozen. */
class RecentOfStore extends Recent {
  constructor(words, trusted, handle) {
    super(words);
    this.trusted = trusted;
    // The own clock first: if the thread is paused in between, trust ends early, not late.
    const now = performance.now();
    this.began = now - handle.mirrorTime();
  }

  has(soul) {
    return performance.now() - this.began < this.trusted[0] && super.has(soul);
  }
}

/** The mirror of a client; one that keeps nothing if memory cannot be shared with the addon. */
function recentOf(handle) {
  const words = handle.mirror();
  if (!words) return { has: () => false, add() {} };
  const trusted = new Float64Array(words.buffer, TRUSTED_UNTIL * words.BYTES_PER_ELEMENT, 1);
  return trusted[0] === Infinity ? new Recent(words) : new RecentOfStore(words, trusted, handle);
}

module.exports = { recentOf };
