'use strict';

/**
 * The calls that each signal can abort. A signal gets one listener however many calls it serves, and loses it with the
 * last: a long-lived signal gathers none, and fifty calls with one signal raise no warning of a leak.
 */
const watched = new WeakMap();

function watch(signal, call) {
  if (signal.aborted) {
    // By somebody who was told that the call begins.
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

/** What an aborted call rejects with: the signal's reason, or an AbortError where a polyfill has none. */
function reasonOf({ reason }) {
  return reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason;
}

module.exports = { reasonOf, unwatch, watch };
