'use strict';

const diagnostics = require('diagnostics_channel');

const EVENTS = [
  'request:start',
  'request:retry',
  'request:end',
  'request:error',
  'cache:hit',
  'cache:insert',
  'cache:invalidate',
  'cache:sweep',
];

const listening = [];
afterEach(() => {
  for (const [channel, listener] of listening.splice(0)) diagnostics.unsubscribe(channel, listener);
});

/** Calls a listener with `(event, message)` until the test ends. */
function listen(listener, events = EVENTS) {
  for (const event of events) {
    const channel = `gun-native:${event}`;
    const ours = (message) => listener(event, message);
    diagnostics.subscribe(channel, ours);
    listening.push([channel, ours]);
  }
}

/** Every message published until the test ends, `[event, copy of the message]`. */
function recorded(events) {
  const log = [];
  listen((event, message) => log.push([event, { ...message }]), events);
  return log;
}

module.exports = { EVENTS, listen, recorded };
