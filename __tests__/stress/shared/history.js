'use strict';

/** How long a connected process may use what another has invalidated, if it missed the message: heartbeat + timeout. */
const LEASE_MS = 2_000;
/** Clocks of processes on one machine agree better than this. */
const CLOCKS_MS = 50;
const SHOWN_FAULTS = 5;

/** Milliseconds that all processes of the machine count alike. */
function now() {
  return performance.timeOrigin + performance.now();
}

/** What was put, by whom and when the store had it; what may still be read as missing follows from it. */
class History {
  #there = new Map();
  #notes = [];
  violations = [];

  has(soul) {
    return this.#there.has(soul);
  }

  /** The relay has the record from now on. */
  put(soul, process) {
    const entry = { process, called: Infinity, reached: Infinity };
    if (!this.#there.has(soul)) this.#there.set(soul, []);
    this.#there.get(soul).push(entry);
    return entry;
  }

  /** The relay has it no more, unless it was put again since. */
  remove(soul, entry) {
    const entries = this.#there.get(soul);
    if (entries && entries[entries.length - 1] === entry) this.#there.delete(soul);
  }

  note(fault) {
    this.#notes.push(`${fault} at ${now().toFixed(0)}`);
  }

  /**
   * A call that ended now read the soul as missing. The relay has had the record since before the first of the puts below, so what
   * the call used is older than each of them.
   */
  check({ process, soul, began, connected }) {
    for (const { process: by, called, reached } of this.#there.get(soul) || []) {
      const isOwn = by === process && called < began;
      const isOver = connected && reached + LEASE_MS + CLOCKS_MS < began;
      if (!isOwn && !isOver) continue;
      this.violations.push(
        `process ${process} read ${soul} as missing in a call that began at ${began.toFixed(0)}; process ${by} invalidated it ` +
          `before ${called.toFixed(0)}, in the store before ${reached.toFixed(0)}; last faults: ${this.#notes.slice(-SHOWN_FAULTS).join(', ')}`,
      );
    }
  }
}

module.exports = { History, now };
