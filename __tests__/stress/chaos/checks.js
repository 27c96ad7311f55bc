'use strict';

const { monitorEventLoopDelay } = require('perf_hooks');
const { GunError } = require('../../..');

/** Besides what the event loop itself was late by. */
const LATE_MS = 1_000;

/** What a call into chaos may fail with. */
const CODES = new Set([
  'ERR_GUN_CONNECT',
  'ERR_GUN_TIMEOUT',
  'ERR_GUN_STATUS',
  'ERR_GUN_BAD_RESPONSE',
  'ERR_GUN_BODY_TOO_LARGE',
  'ERR_GUN_OVERLOADED',
  'ERR_GUN_CIRCUIT_OPEN',
]);

/** Judges what calls come to. A round without a violation has kept every promise that is looked at here. */
class Checks {
  violations = [];
  outcomes = { found: 0, missing: 0, failed: 0, aborted: 0 };
  #options;
  #lag = monitorEventLoopDelay({ resolution: 5 });

  constructor(options) {
    this.#options = options;
    this.#lag.enable();
  }

  violation(what, detail) {
    this.violations.push({ what, ...detail });
  }

  /** An answer to a call for a soul, of which `allowed` has every state that it may tell. */
  answer(soul, allowed, value) {
    if (value instanceof GunError) return this.#failure(soul, value);
    if (value === null) {
      this.outcomes.missing += 1;
      if (!allowed.has(null)) this.violation('null for a soul that was there all the time', { soul, allowed: [...allowed] });
      return undefined;
    }
    this.outcomes.found += 1;
    const { version } = value;
    if (value.soul !== soul) this.violation('the record of another soul', { soul, value });
    else if (!allowed.has(version)) this.violation('a record that was not there', { soul, version, allowed: [...allowed] });
    value.version = 'changed by its caller'; // the next caller has an object of its own, or it sees this
    return undefined;
  }

  #failure(soul, error) {
    this.outcomes.failed += 1;
    const { code, attempts, retryable, message } = error;
    const detail = { soul, code, attempts, message };
    if (!CODES.has(code)) this.violation('a code that nothing here deserves', detail);
    if (error.soul !== soul) this.violation('the error of another soul', detail);
    if (attempts > this.#options.retries + 1) this.violation('more attempts than there may be', detail);
    if (typeof retryable !== 'boolean' || /[\r\n]/.test(message)) this.violation('an error that is no GunError', detail);
  }

  /** A call that took so long, and might have taken `limit`. */
  time(ms, limit, what) {
    const late = this.#lag.max / 1e6 + LATE_MS;
    if (ms > limit + late) this.violation('settled too late', { what, ms, limit, late });
  }

  /** The counts while calls run. */
  sample({ size, capacity, requests }) {
    const { maxInFlight, maxQueue } = this.#options;
    if (requests.inFlight > maxInFlight) this.violation('more on the wire than there may be', requests);
    if (requests.queued > maxInFlight + maxQueue) this.violation('more waiting than there may be', requests);
    if (size > capacity) this.violation('more remembered than there may be', { size, capacity });
  }

  /** The counts when nothing runs any more; `begun` calls were made. */
  balance(stats, begun, requests) {
    const { total, hits, size, inserts, evictions, expirations, invalidations } = stats;
    const { sent, coalesced, found, missing, failed, inFlight, queued } = stats.requests;
    const ended = found + missing + Object.values(failed).reduce((sum, times) => sum + times, 0);
    const flights = total - hits - coalesced;
    const rules = {
      'every call is counted': total === begun,
      'nothing is on the wire or waits': inFlight === 0 && queued === 0,
      'a request ends once at most': ended <= flights,
      'no more attempts than there may be': sent <= flights * (this.#options.retries + 1),
      'the relay saw no more than was sent': requests <= sent,
      'entries are all accounted for': inserts - evictions - expirations - invalidations === size,
    };
    for (const [rule, holds] of Object.entries(rules)) {
      if (!holds) this.violation(`the counts say that not: ${rule}`, { begun, relay: requests, ...stats });
    }
  }

  end() {
    this.#lag.disable();
  }
}

module.exports = { Checks };
