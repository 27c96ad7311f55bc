'use strict';

const { execFile } = require('child_process');
const { GunClient, GunError } = require('../../..');
const { longest, sleep } = require('./caller');

const MAX_CONNECTIONS = 300;

/** Stops this whole process for up to a second, as `docker pause` does; a child lets it go on. Not on Windows. */
async function freeze(random) {
  const seconds = (random.between(10, 1_000) / 1_000).toFixed(3);
  if (process.platform === 'win32') return;
  const script = `kill -STOP ${process.pid}; sleep ${seconds}; kill -CONT ${process.pid}`;
  await new Promise((resolve) => execFile('sh', ['-c', script], resolve));
}

/** Thousands of callers of one soul who abort together, or whose timeouts end one after the other, the last one's first. */
async function crowd(round, random) {
  const { client, model, checks } = round;
  const [soul, count] = [random.pick(round.souls), random.between(1_000, 4_000)];
  const controller = new AbortController();
  const options = random.pick([
    () => ({ signal: controller.signal }),
    (caller) => ({ timeoutMs: 100 + count - caller }),
    (caller) => ({ signal: controller.signal, timeoutMs: 100 + count - caller }),
  ]);
  const reason = new Error('the crowd leaves');
  round.calls += count;
  const watch = model.begin(soul);
  const calls = Array.from({ length: count }, (_, caller) => client.getRecord(soul, options(caller)).catch((error) => error));
  const began = performance.now();
  if (random.chance(0.5)) await sleep(random.between(0, 50));
  controller.abort(reason);
  const values = await Promise.all(calls);
  watch.end();
  checks.time(performance.now() - began, Math.max(longest(round.options), 100 + count), 'a crowd');
  for (const value of values) {
    if (value === reason) checks.outcomes.aborted += 1;
    else checks.answer(soul, watch.allowed, value);
  }
}

/** Another client, closed with 1 to 300 calls in flight and as many connections, and frozen before or while it closes. */
async function life(round, random) {
  const { checks } = round;
  const count = random.between(1, MAX_CONNECTIONS);
  const options = Object.assign({}, round.options, { maxInFlight: count, maxQueue: 10_000 });
  const client = new GunClient(options);
  const calls = Array.from({ length: count }, (_, at) => client.getRecord(random.chance(0.1) ? `life ${at}` : random.pick(round.souls)));
  const settled = Promise.allSettled(calls);
  if (random.chance(0.5)) await sleep(random.between(0, 20));
  if (random.chance(0.2)) await freeze(random);
  const began = performance.now();
  const closed = client.close();
  if (random.chance(0.2)) await freeze(random);
  const [outcomes] = await Promise.all([settled, closed]);
  checks.time(performance.now() - began, longest(options), 'close');
  for (const { reason } of outcomes) {
    if (reason !== undefined && !(reason instanceof GunError)) checks.violation('an unexpected rejection', { message: String(reason) });
  }
  round.sentByOthers += client.cacheStats().requests.sent;
}

module.exports = { crowd, freeze, life };
