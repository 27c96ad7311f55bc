'use strict';

// Lives of clients that have the process to themselves: closed with an exact number of connections, frozen in mid-call. The
// relay is healthy here, so every call must succeed.

const { spawn } = require('child_process');
const { once } = require('events');
const { GunClient } = require('../../..');
const { Random } = require('../../helpers/random');
const { startFaultRelay } = require('../faults/relay');
const wire = require('../faults/wire');

/** What takes longer hangs, on any machine. */
const HANGS_MS = 15_000;
const MAX_CONNECTIONS = 300;
/** Counts at which clients once hung: a runtime looks whether it is to stop after every 61 tasks. */
const DELICATE = [1, 61, 62, 63, 64, 119];
/** Longer than an attempt may take. */
const PAUSE_MS = 1_500;
const ATTEMPT_MS = 1_000;

/** Runs each kind once, closings several times; violations go to `checks`. */
async function runLives(seed, checks) {
  const random = new Random(`${seed} lives`);
  for (let time = 0; time < 4; time += 1) await closeWithConnections(random, checks);
  await freeze(random, checks);
}

/** A client that nobody else shares the network thread with closes, with its connections in use, half used or idle. */
async function closeWithConnections(random, checks) {
  const count = random.chance(0.5) ? random.pick(DELICATE) : random.between(1, MAX_CONNECTIONS);
  const when = random.pick(['in use', 'half used', 'idle']);
  const isFrozen = random.chance(0.2);
  const fail = (what) => checks.violation(what, { connections: count, when, isFrozen });
  await withRelay({ maxInFlight: count, maxQueue: 10_000 }, async ({ relay, gate, client }) => {
    const calls = souls(count).map((soul) => client.getRecord(soul).catch((error) => error));
    if (!(await ends(relay.hasRequests(count)))) fail('not as many connections as allowed');
    if (when !== 'in use') gate.open(when === 'idle' ? count : count >> 1);
    if (when === 'idle') await Promise.all(calls);
    const closed = client.close();
    gate.open(count);
    if (isFrozen) await pauseSelf(random.between(50, 300));
    if (!(await ends(closed))) fail('close does not end');
    if (!(await ends(relay.hasNoSockets()))) fail('a closed client has sockets');
    if (!(await ends(Promise.all(calls)))) fail('calls do not settle');
    else (await Promise.all(calls)).forEach((value, at) => checkRecord(checks, value, `soul ${at}`));
  });
}

/** The process does not run for longer than an attempt may take, with calls in flight and waiting: none fails. */
async function freeze(random, checks) {
  if (process.platform === 'win32') return;
  const [connections, count] = [random.between(1, MAX_CONNECTIONS), random.between(1, MAX_CONNECTIONS)];
  const options = { maxInFlight: connections, attemptTimeoutMs: ATTEMPT_MS, timeoutMs: 3 * ATTEMPT_MS, retries: random.between(0, 2) };
  await withRelay(options, async ({ relay, gate, client }) => {
    const calls = souls(count).map((soul) => client.getRecord(soul).catch((error) => error));
    if (!(await ends(relay.hasRequests(Math.min(count, connections))))) checks.violation('requests are not sent', { connections, count });
    await pauseSelf(PAUSE_MS);
    gate.open(Infinity);
    const outcomes = await Promise.all(calls);
    outcomes.forEach((value, at) => checkRecord(checks, value, `soul ${at}`, { connections, count, paused: PAUSE_MS }));
    const { breaker } = client.cacheStats();
    if (breaker.state !== 'closed') checks.violation('a pause opened the circuit', { connections, count, breaker });
  });
}

/** A healthy relay that answers at most as many requests as its gate was opened for, and a client of it. */
async function withRelay(options, live) {
  const gate = new Gate();
  const relay = await startFaultRelay(({ soul }) => (exchange) => gate.pass(() => exchange.answer(wire.record({ soul }))));
  const client = new GunClient({ relayUrl: relay.url, logger: false, ...options });
  try {
    await live({ relay, gate, client });
    await client.close();
  } finally {
    await relay.stop();
  }
}

class Gate {
  #waiting = [];
  #open = 0;

  pass(action) {
    this.#waiting.push(action);
    this.#serve();
  }

  open(count) {
    this.#open += count;
    this.#serve();
  }

  #serve() {
    while (this.#open > 0 && this.#waiting.length > 0) {
      this.#open -= 1;
      this.#waiting.shift()();
    }
  }
}

/** Stops this process, from another one that lets it go on. */
async function pauseSelf(ms) {
  if (process.platform === 'win32') return;
  const script = `kill -STOP ${process.pid}; sleep ${ms / 1_000}; kill -CONT ${process.pid}`;
  await once(spawn('/bin/sh', ['-c', script], { stdio: 'ignore' }), 'exit');
}

function souls(count) {
  return Array.from({ length: count }, (_, soul) => `soul ${soul}`);
}

function checkRecord(checks, value, soul, detail) {
  if (value && value.soul === soul) return;
  const { code, message } = value || {};
  checks.violation('a call to a healthy relay without its record', { soul, code, message, ...detail });
}

/** Whether a promise settles before one would say that it hangs. */
async function ends(promise) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, HANGS_MS, false);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

module.exports = { runLives };
