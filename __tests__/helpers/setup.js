'use strict';

const { GunClient, GunError } = require('../..');
const { startRelay } = require('./relay');

/** Delays too short to slow a test down. */
const QUICK = { baseMs: 1, maxMs: 2 };

const started = [];
afterEach(async () => {
  // Relays first: a client's `close` waits for its calls, which end when the relay is gone.
  const byRelay = started.splice(0).sort((one, other) => Number('connections' in other) - Number('connections' in one));
  for (const thing of byRelay) await thing.close();
});

/** A scripted relay that is closed after the test. */
async function newRelay(script) {
  const relay = await startRelay(script);
  started.push(relay);
  return relay;
}

/** A silent client with quick retries that is closed after the test. */
function newClient(options) {
  const client = new GunClient({ backoff: QUICK, logger: false, ...options });
  started.push(client);
  return client;
}

/** Both, with the client using the relay. */
async function setup(script, options) {
  const relay = await newRelay(script);
  return { relay, client: newClient({ relayUrl: relay.url, ...options }) };
}

/** The reason a call rejects with. A call that resolves fails the test. */
async function rejectionOf(call) {
  let value;
  try {
    value = await call;
  } catch (reason) {
    return reason;
  }
  throw new Error(`resolved with ${JSON.stringify(value)} instead of rejecting`);
}

/** The GunError that a call rejects with. */
async function failureOf(call) {
  const reason = await rejectionOf(call);
  if (!(reason instanceof GunError)) throw reason;
  return reason;
}

/** The error a function throws. */
function thrownBy(action) {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** Resolves when a condition holds, for what emits no event. Tests that need a time to pass wait for its effect instead. */
async function until(condition) {
  while (!await condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

module.exports = { failureOf, newClient, newRelay, rejectionOf, setup, thrownBy, until };
