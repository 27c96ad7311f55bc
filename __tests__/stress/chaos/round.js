'use strict';

const { GunClient } = require('../../..');
const { startFaultRelay } = require('../faults/relay');
const { Caller, MAX_BATCH, longest, sleep } = require('./caller');
const { Checks } = require('./checks');
const { Random } = require('../../helpers/random');
const { crowd, freeze, life } = require('./disturbances');
const { runLives } = require('./lives');
const { Model } = require('./model');
const { faultPlan } = require('./fault-plan');

const SAMPLE_EVERY_MS = 10;
/** Time until the last connection is gone after the client closed. */
const GONE_WITHIN_MS = 5_000;
/** Time until calls succeed once the relay works again. */
const WELL_WITHIN_MS = 5_000;
/** Souls read concurrently at the end. */
const READERS = 64;

/** Runs one client, one relay and many callers for a while, all derived from `seed`; resolves with the results. */
async function runRound(seed, { ms, callers }) {
  const random = new Random(seed);
  const model = new Model(soulsOf(random), random);
  const answer = faultPlan(seed, model);
  const relay = await startFaultRelay(answer);
  const options = optionsOf(random, relay.url);
  const checks = new Checks(Object.assign({ heldBack: callers * 2 * MAX_BATCH }, options));
  const client = new GunClient(options);
  const round = { client, model, checks, options, souls: model.souls, calls: 0, sentByOthers: 0, isOver: false };
  answer.level = random.pick([0.05, 0.3, 0.7]);

  const sampler = setInterval(() => checks.sample(client.cacheStats()), SAMPLE_EVERY_MS);
  const timer = setTimeout(() => (round.isOver = true), ms);
  const running = Array.from({ length: callers }, (_, caller) => new Caller(`${seed} caller ${caller}`, round).run());
  await Promise.all([...running, disturb(round, relay, random)]);
  clearTimeout(timer);
  clearInterval(sampler);

  answer.level = 0;
  const { sent } = client.cacheStats().requests; // of the counts below, redirects are of the relay alone
  await readAll(round);
  await refreshesEnd(client, options);
  checks.balance(client.cacheStats(), round.calls, relay.requests - (relay.attempts.get('a') || 0) - round.sentByOthers);
  await closeAmidCalls(round);
  await within(GONE_WITHIN_MS, relay.hasNoSockets()).catch(() => checks.violation('a closed client has sockets', { sockets: relay.sockets }));
  await relay.stop();
  await runLives(seed, checks);
  checks.end();
  return { options, calls: round.calls, sent, faults: answer.counts.faults, outcomes: checks.outcomes, violations: checks.violations };
}

function soulsOf(random) {
  const count = random.pick([20, 200, 2_000]);
  return Array.from({ length: count }, (_, soul) => `f3a9c1d27b40:soul ${soul} /#&%+é`);
}

function optionsOf(random, relayUrl) {
  return {
    relayUrl,
    cache: { capacity: random.pick([0, 10, 10_000]), ttlMs: random.pick([30, 3_600_000]) },
    attemptTimeoutMs: random.between(80, 300),
    timeoutMs: random.between(300, 1_500),
    queueTimeoutMs: random.between(300, 1_500),
    retries: random.between(0, 3),
    backoff: { baseMs: random.between(0, 20), maxMs: 50 },
    maxInFlight: random.pick([16, 64, 256]),
    maxQueue: random.pick([0, 100, 10_000, 10_000, 10_000]),
    maxBodyBytes: 65_536,
    breaker: random.chance(0.5) ? undefined : false,
    statsEvery: 7,
    sweepEveryMs: random.pick([5, 3_600_000]),
    logger: { log() {}, warn() {}, error() {} },
  };
}

const DISTURBANCES = { idle: 12, restart: 4, freeze: 2, crowd: 2, life: 4 };

/** Closes idle connections in every way, restarts the relay, freezes the process, and brings crowds and further clients. */
async function disturb(round, relay, random) {
  while (!round.isOver) {
    await sleep(random.between(20, 300));
    switch (random.weighted(DISTURBANCES)) {
      case 'idle':
        relay.closeIdle(random.pick(['end', 'destroy', 'reset']));
        break;
      case 'restart':
        await relay.stop();
        await sleep(random.between(0, 150));
        await relay.start();
        break;
      case 'freeze':
        await freeze(random);
        break;
      case 'crowd':
        await crowd(round, random);
        break;
      case 'life':
        await life(round, random);
        break;
    }
  }
}

/** Once the relay works again, every soul reads correctly. */
async function readAll(round) {
  const { client, checks, options } = round;
  // By then, abandoned requests have ended.
  await until(() => client.cacheStats().requests.inFlight === 0, options.timeoutMs + GONE_WITHIN_MS, checks);
  const rest = [...round.souls];
  const read = async () => {
    for (let soul = rest.pop(); soul !== undefined; soul = rest.pop()) await readOne(round, soul);
  };
  await Promise.all(Array.from({ length: Math.min(options.maxInFlight, READERS) }, read));
}

async function readOne(round, soul) {
  const { client, model, checks } = round;
  const watch = model.begin(soul);
  const deadline = performance.now() + WELL_WITHIN_MS;
  let value;
  do {
    if (value !== undefined) await sleep(20);
    round.calls += 1;
    value = await client.getRecord(soul).catch((error) => error);
  } while (value instanceof Error && performance.now() < deadline);
  watch.end();
  if (value instanceof Error) checks.violation('calls do not recover although the relay works', { soul, message: value.message });
  else checks.answer(soul, watch.allowed, value);
}

/** Calls that are active when the client closes settle; later ones are rejected. */
async function closeAmidCalls({ client, souls, checks, options }) {
  const began = performance.now();
  const calls = souls.slice(0, 50).map((soul) => client.getRecord(soul).catch((error) => error));
  const closed = client.close();
  const late = await client.getRecord(souls[0]).catch((error) => error);
  if (late === null || late.code !== 'ERR_GUN_CLOSED') checks.violation('a closed client accepted a call', { late });
  await Promise.all([...calls, closed]);
  checks.time(performance.now() - began, longest(options), 'close');
}

async function until(condition, ms, checks) {
  const deadline = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > deadline) return checks.violation('requests stay active', { ms });
    await sleep(5);
  }
}

function within(ms, promise) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(reject, ms, new Error('too late'))));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A refresh in the background has no caller to wait for; it ends with its attempt. What is left after that never ends. */
async function refreshesEnd(client, { attemptTimeoutMs }) {
  const end = performance.now() + attemptTimeoutMs + WELL_WITHIN_MS;
  while (client.cacheStats().requests.inFlight > 0 && performance.now() < end) await sleep(5);
}

module.exports = { runRound };
