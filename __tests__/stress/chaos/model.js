'use strict';

/**
 * The relay's records, and the states that a call may report: every state that its soul had between the last `invalidate`
 * before the call and the call's end. A state is the version of the record, or null.
 */
class Model {
  #souls = new Map();
  #lastVersion = 0;

  constructor(souls, random) {
    for (const soul of souls) {
      const state = random.chance(0.5) ? null : 0;
      this.#souls.set(soul, { state, possible: new Set([state]), watches: new Set() });
    }
  }

  get souls() {
    return [...this.#souls.keys()];
  }

  state(soul) {
    return this.#souls.get(soul).state;
  }

  has(soul) {
    return this.#souls.has(soul);
  }

  put(soul) {
    this.#lastVersion += 1;
    this.#change(soul, this.#lastVersion);
  }

  remove(soul) {
    this.#change(soul, null);
  }

  /** After `invalidate`: later calls must not report an earlier state. */
  invalidated(soul) {
    const entry = this.#souls.get(soul);
    entry.possible = new Set([entry.state]);
  }

  invalidatedAll() {
    for (const soul of this.#souls.keys()) this.invalidated(soul);
  }

  /** A call begins; the states it may report grow as the soul changes, until `end`. */
  begin(soul) {
    const { possible, watches } = this.#souls.get(soul);
    const allowed = new Set(possible);
    watches.add(allowed);
    return { allowed, end: () => watches.delete(allowed) };
  }

  #change(soul, state) {
    const entry = this.#souls.get(soul);
    entry.state = state;
    entry.possible.add(state);
    for (const allowed of entry.watches) allowed.add(state);
  }
}

module.exports = { Model };
