'use strict';

const { monitorEventLoopDelay } = require('perf_hooks');
const { GunError } = require('../../..');

/** Allowed delay, in addition to the event loop's own. What a pause took is given back to a call, so delays count twice. */
const LATE_MS = 1_000;

/** The codes with which a call may fail here. */
const CODES = new Set([
  'ERR_GUN_CONNECT',
  'ERR_GUN_TIMEOUT',
  'ERR_GUN_STATUS',
  'ERR_GUN_BAD_RESPONSE',
  'ERR_GUN_BODY_TOO_LARGE',
  'ERR_GUN_OVERLOADED',
  'ERR_GUN_CIRCUIT_OPEN',
]);

/** Checks the outcomes of calls and collects violations. `heldBack`: the souls that batches may hold back at a time. */
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

  /** Checks an answer for a soul; `allowed` has every state it may report. */
  answer(soul, allowed, value) {
    if (value instanceof GunError) return this.#failure(soul, value);
    if (value === null) {
      this.outcomes.missing += 1;
      if (!allowed.has(null)) this.violation('null for a soul that existed throughout', { soul, allowed: [...allowed] });
      return undefined;
    }
    this.outcomes.found += 1;
    const { version } = value;
    if (value.soul !== soul) this.violation('the record of another soul', { soul, value });
    else if (!allowed.has(version)) this.violation('a state that the soul did not have', { soul, version, allowed: [...allowed] });
    value.version = 'changed by its caller'; // the next caller has an object of its own, or it sees this
    return undefined;
  }

  #failure(soul, error) {
    this.outcomes.failed += 1;
    const { code, attempts, retryable, message } = error;
    const detail = { soul, code, attempts, message };
    if (!CODES.has(code)) this.violation('an unexpected code', detail);
    if (error.soul !== soul) this.violation('the error of another soul', detail);
    if (attempts > this.#options.retries + 1) this.violation('too many attempts', detail);
    if (typeof retryable !== 'boolean' || /[\r\n]/.test(message)) this.violation('an error that is not a proper GunError', detail);
  }

  /** Checks the duration of a call against its limit. */
  time(ms, limit, what) {
    const late = 2 * (this.#lag.max / 1e6) + LATE_MS;
    if (ms > limit + late) this.violation('settled too late', { what, ms, limit, late });
  }

  /** Checks the counters while calls are active. */
  sample({ size, capacity, requests }) {
    const { maxInFlight, maxQueue, heldBack = 0 } = this.#options;
    if (requests.inFlight > maxInFlight) this.violation('too many active requests', requests);
    if (requests.queued > maxInFlight + maxQueue + heldBack) this.violation('too many waiting requests', requests);
    if (size > capacity) this.violation('too many entries', { size, capacity });
  }

  /** Checks the counters when nothing is active; `begun` is the number of calls made. */
  balance(stats, begun, requests) {
    const { total, hits, size, inserts, evictions, expirations, invalidations } = stats;
    const { sent, coalesced, found, missing, failed, inFlight, queued, refreshed } = stats.requests;
    const ended = found + missing + Object.values(failed).reduce((sum, times) => sum + times, 0);
    // By a call, or in the background.
    const started = total - hits - coalesced + refreshed;
    const rules = {
      'every call is counted': total === begun,
      'nothing is active or waiting': inFlight === 0 && queued === 0,
      'a request ends at most once': ended <= started,
      'no more attempts than allowed': sent <= started * (this.#options.retries + 1),
      'the relay got no more requests than were sent': requests <= sent,
      'every entry is accounted for': inserts - evictions - expirations - invalidations === size,
    };
    for (const [rule, holds] of Object.entries(rules)) {
      if (!holds) this.violation(`the counters contradict: ${rule}`, { begun, relay: requests, ...stats });
    }
  }

  end() {
    this.#lag.disable();
  }
}

module.exports = { Checks };
