'use strict';

/**
 * The calls that each signal can abort. A signal has one listener for all its calls, which is removed with the last call: a
 * long-lived signal does not collect listeners, and fifty calls with one signal cause no leak warning.
 */
const watched = new WeakMap();

function watch(signal, call) {
  if (signal.aborted) {
    // Aborted by a subscriber of the call's start event.
    call.abort();
    return;
  }
  let entry = watched.get(signal);
  if (entry === undefined) {
    const calls = new Set();
    const listener = () => {
      watched.delete(signal);
      for (const aborted of calls) aborted.abort();
    };
    entry = { calls, listener };
    watched.set(signal, entry);
    signal.addEventListener('abort', listener, { once: true });
  }
  entry.calls.add(call);
}

function unwatch(signal, call) {
  const entry = watched.get(signal);
  if (entry === undefined) return;
  entry.calls.delete(call);
  if (entry.calls.size === 0) {
    watched.delete(signal);
    signal.removeEventListener('abort', entry.listener);
  }
}

/** What an aborted call rejects with: the signal's reason, or an AbortError if it has none, as in polyfills. */
function reasonOf({ reason }) {
  return reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason;
}

module.exports = { reasonOf, unwatch, watch };
