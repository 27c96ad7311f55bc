'use strict';

// npm run chaos -- --seed N --minutes M: thousands of concurrent calls through random faults, each answer checked
// against a model of the relay. A violation prints the command that repeats its round.

const { parseArgs } = require('util');
const { resources } = require('./resources');
const { runRound } = require('./round');

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    minutes: { type: 'string', default: '1' },
    round: { type: 'string' },
    callers: { type: 'string', default: '200' },
    'round-ms': { type: 'string', default: '4000' },
  },
});

const SHOWN = 5;
/** Allowed growth between the first round and the end. */
const MAX_GAIN = {
  descriptors: 0,
  threads: 0,
  resources: 0,
  external: 1_048_576,
  arrayBuffers: 1_048_576,
  heapUsed: 8 * 1_048_576,
  rss: 64 * 1_048_576,
};

async function main() {
  for (const name of ['minutes', 'callers', 'round-ms']) {
    if (!(Number(values[name]) > 0)) throw new Error(`--${name} must be a number above 0, got ${values[name]}`);
  }
  const plan = { ms: Number(values['round-ms']), callers: Number(values.callers) };
  const end = performance.now() + Number(values.minutes) * 60_000;
  const sums = { rounds: 0, calls: 0, requests: 0, faults: 0, found: 0, missing: 0, failed: 0, aborted: 0 };
  console.log(`seed ${values.seed}, ${plan.callers} callers, rounds of ${plan.ms} ms`);
  // A first round loads everything, so that the counts before and after are comparable; it is repeated below.
  await runRound(`${values.seed} 0`, { ...plan, ms: Math.min(plan.ms, 1_000) });
  const before = await resources();
  let round = Number(values.round || 0);
  do {
    const { options, calls, sent, faults, outcomes, violations } = await runRound(`${values.seed} ${round}`, plan);
    Object.assign(sums, add(sums, { rounds: 1, calls, requests: sent, faults, ...outcomes }));
    console.log(`round ${round}: ${calls} calls, ${sent} requests, ${faults} faults, ${JSON.stringify(outcomes)}`);
    if (violations.length > 0) return fail(round, options, violations);
    round += 1;
  } while (values.round === undefined && performance.now() < end);
  const after = await resources();
  console.log(Object.entries(sums).map(([name, count]) => `${count} ${name}`).join(', '));
  for (const [name, most] of Object.entries(MAX_GAIN)) {
    const gain = after[name] - before[name];
    console.log(`${gain <= most ? 'PASS' : 'FAIL'}: ${name} ${before[name]} before, ${after[name]} after (at most ${most} more)`);
    if (gain > most) process.exitCode = 1;
  }
  if (!process.exitCode) console.log('PASS: no violation');
}

function add(sums, more) {
  return Object.fromEntries(Object.entries(more).map(([name, count]) => [name, sums[name] + count]));
}

function fail(round, options, violations) {
  console.log(`FAIL: ${violations.length} violations with ${JSON.stringify(options)}`);
  for (const violation of violations.slice(0, SHOWN)) console.log(JSON.stringify(violation));
  console.log(`repeat: npm run chaos -- --seed ${values.seed} --round ${round}`);
  process.exitCode = 1;
}

if (typeof global.gc !== 'function') throw new Error('run it by: npm run chaos');
main();
