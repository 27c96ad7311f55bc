'use strict';

// npm run outage: a dead relay, then a hanging one, at 500 calls per second for distinct souls. Measures the requests that
// reach it, how fast calls fail, and how soon they succeed again once it is back.
//
//   npm run outage -- --seconds 60

const { setTimeout: delay } = require('timers/promises');
const { parseArgs } = require('util');
const { GunClient } = require('..');
const { startRelay } = require('./relay');
const { gain, percentiles } = require('./statistics');

const CALLS_PER_SECOND = 500;
const TICK_MS = 10;
/** Time for which the relay works before and after its outage. */
const WELL_MS = 3_000;
/** The client's default. Shorter outages use a third of their duration, or a hanging relay would not be detected. */
const ATTEMPT_TIMEOUT_MS = 20_000;
/** Time for memory to settle once the outage is detected. */
const SETTLE_MS = 2_000;
const SAMPLES = 20;

const MOST = {
  requestsPerCall: 1.2,
  medianMsToFail: 20,
  msToRecover: 2_000,
  // Allowed rise of a fitted line while the outage is detected: 20 bytes per call for 25,000 calls, or 300 in Rust.
  external: 512 * 1024,
  rss: 8 * 1024 * 1024,
};

async function main() {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
  const seconds = Number(values.seconds);
  if (!(seconds >= 5)) throw new Error(`--seconds must be a number from 5, got ${values.seconds}`);
  for (const state of ['dead', 'hanging']) {
    const failures = judge(await outage(state, seconds));
    if (failures > 0) process.exitCode = 1;
  }
}

/** Runs one outage; resolves with the measurements. */
async function outage(state, seconds) {
  const attemptTimeoutMs = Math.min(ATTEMPT_TIMEOUT_MS, Math.floor((seconds * 1_000) / 3));
  console.log(`\n== ${state} for ${seconds} s, ${CALLS_PER_SECOND} calls a second, attempts of ${attemptTimeoutMs / 1_000} s at most`);
  const relay = await startRelay();
  const client = new GunClient({ relayUrl: `${relay.url}/outage/found/300`, logger: false, attemptTimeoutMs });
  const traffic = new Traffic(client);

  traffic.start();
  await delay(WELL_MS);
  if (traffic.failed > 0) throw new Error('calls failed before the outage');
  await relay.become(state);
  const before = { calls: traffic.begun, sent: client.cacheStats().requests.sent };
  const samples = await watch(traffic, client, seconds);
  const after = { calls: traffic.begun, sent: client.cacheStats().requests.sent };
  const toFail = traffic.millisToFail;
  await relay.become('well');
  traffic.lookForRecovery();
  await delay(WELL_MS);
  traffic.stop();

  await client.close();
  await relay.stop();
  return { calls: after.calls - before.calls, sent: after.sent - before.sent, toFail, samples, ...traffic.recovery };
}

/** Prints progress, and samples memory while the outage is detected. */
async function watch(traffic, client, seconds) {
  console.log(['s', 'calls', 'failed', 'waiting', 'sent', 'external', 'rss'].map((title) => title.padStart(10)).join(''));
  const samples = [];
  let steadyFrom;
  for (let step = 1; step <= SAMPLES; step += 1) {
    await delay((seconds * 1_000) / SAMPLES);
    global.gc();
    const { external, rss } = process.memoryUsage();
    const { sent } = client.cacheStats().requests;
    const waiting = traffic.begun - traffic.failed - traffic.answered;
    const memory = [external, rss].map((bytes) => `${(bytes / 1_048_576).toFixed(2)} M`);
    const cells = [((seconds * step) / SAMPLES).toFixed(0), traffic.begun, traffic.failed, waiting, sent, ...memory];
    console.log(cells.map((cell) => String(cell).padStart(10)).join(''));
    if (traffic.knownAt !== undefined && steadyFrom === undefined) steadyFrom = traffic.knownAt + SETTLE_MS;
    if (performance.now() >= steadyFrom) samples.push({ calls: traffic.begun, external, rss });
  }
  return samples;
}

/** Makes calls at a fixed rate, even if timers are late. */
class Traffic {
  begun = 0;
  answered = 0;
  failed = 0;
  /** When the first call failed because the circuit was open. */
  knownAt = undefined;
  /** Times of the calls that began after that. */
  millisToFail = [];
  recovery = { msToRecover: Infinity, failedAfterwards: 0 };
  #client;
  #timer;
  #backAt;

  constructor(client) {
    this.#client = client;
  }

  start() {
    const startedAt = performance.now();
    this.#timer = setInterval(() => {
      const due = ((performance.now() - startedAt) / 1_000) * CALLS_PER_SECOND;
      while (this.begun < due) this.#call();
    }, TICK_MS);
  }

  stop() {
    clearInterval(this.#timer);
  }

  lookForRecovery() {
    this.#backAt = performance.now();
  }

  async #call() {
    const at = performance.now();
    this.begun += 1;
    try {
      await this.#client.getRecord(`soul:${this.begun}`);
      this.answered += 1;
      if (this.#backAt !== undefined && this.recovery.msToRecover === Infinity) this.recovery.msToRecover = performance.now() - this.#backAt;
    } catch (error) {
      this.failed += 1;
      const isRefused = error.code === 'ERR_GUN_CIRCUIT_OPEN';
      if (at > this.knownAt && this.#backAt === undefined) this.millisToFail.push(performance.now() - at);
      if (isRefused && this.knownAt === undefined) this.knownAt = performance.now();
      if (at > this.#backAt + this.recovery.msToRecover) this.recovery.failedAfterwards += 1;
    }
  }
}

/** Prints each check; returns the number of failed ones. */
function judge({ calls, sent, toFail, samples, msToRecover, failedAfterwards }) {
  const { p50, p99 } = percentiles(toFail);
  const memory = (name) => (samples.length < 3 ? NaN : gain(samples, name));
  const kilobytes = (bytes) => `${(bytes / 1024).toFixed(0)} KB`;
  const checks = [
    [`requests sent: ${sent} for ${calls} calls, ${(sent / calls).toFixed(3)} each, at most ${MOST.requestsPerCall}`, sent <= MOST.requestsPerCall * calls],
    [`time to fail once detected: median ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, ${toFail.length} calls, median at most ${MOST.medianMsToFail} ms`, p50 < MOST.medianMsToFail],
    [`time to recover: ${msToRecover.toFixed(0)} ms, at most ${MOST.msToRecover} ms`, msToRecover < MOST.msToRecover],
    [`calls that failed after the first answer: ${failedAfterwards}, none`, failedAfterwards === 0],
    ...['external', 'rss'].map((name) => [`${name} gains ${kilobytes(memory(name))} once detected, at most ${kilobytes(MOST[name])}`, memory(name) <= MOST[name]]),
  ];
  console.log('');
  for (const [text, passed] of checks) console.log(`${passed ? 'PASS' : 'FAIL'}: ${text}`);
  return checks.filter(([, passed]) => !passed).length;
}

if (typeof global.gc !== 'function') throw new Error('run it by: npm run outage');
main();
