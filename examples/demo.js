'use strict';

// npm run demo: ten API calls at once resolve workouts whose exercises are mostly missing, twice. With --shared, see shared/demo.js.

const { performance } = require('perf_hooks');
const { parseArgs } = require('util');
const { GunClient } = require('..');
const { addressOf, put, startGunRelay } = require('./relay');

const PREFIX = 'gun-native-demo';
const CALLERS = 10;
const WORKOUTS = 7;
const EXERCISES = 9;
/** Of each workout's exercises, those that the relay has. */
const STORED = 1;

const USAGE = `npm run demo [-- --relay URL | --shared]
  --relay URL  use this relay in place of a local one over the npm package gun; the demo stores
               ${WORKOUTS * (1 + STORED)} records there and leaves them, under souls that begin with ${PREFIX}:
  --shared     two processes that share what they know in a Valkey, which is installed for it
  --help`;

const workoutSoul = (workout) => `${PREFIX}:workout-${workout}`;
const exerciseSoul = (workout, exercise) => `${PREFIX}:exercise-${workout}-${exercise}`;
const range = (length) => Array.from({ length }, (_, index) => index);

async function main() {
  const { values } = parseArgs({ options: { relay: { type: 'string' }, shared: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  if (values.shared) return require('./shared/demo').demonstrate();
  const relay = values.relay ? undefined : await startGunRelay();
  const client = new GunClient({ relayUrl: values.relay || relay.url, statsEvery: 500 });
  try {
    await demonstrate(client, values.relay || relay.url);
  } finally {
    await client.close();
    if (relay) await relay.close();
  }
}

async function demonstrate(client, relayUrl) {
  console.log(`Storing ${WORKOUTS} workouts, and ${STORED} of the ${EXERCISES} exercises of each, at ${addressOf(relayUrl).url}.`);
  await store(relayUrl);
  console.log(`${CALLERS} callers at once resolve all workouts and their exercises, twice. A relay waits 3 s before it`);
  console.log('says that it has not got a record.\n');
  const passes = [await pass(client, 'first'), await pass(client, 'second')];
  console.log(`\n${table(passes)}\n`);
  console.log(sentence(passes));
}

async function store(relayUrl) {
  const records = range(WORKOUTS).flatMap((workout) => [
    [workoutSoul(workout), { name: `Workout ${workout}`, data: JSON.stringify({ exercises: exercisesOf(workout) }) }],
    ...range(STORED).map((exercise) => [exerciseSoul(workout, exercise), { name: `Exercise ${exercise}`, reps: 12 }]),
  ]);
  // One before the others: a relay that refuses it is left as it was.
  const [first, ...others] = records;
  await put(relayUrl, ...first);
  await Promise.all(others.map(([soul, data]) => put(relayUrl, soul, data)));
}

function exercisesOf(workout) {
  return range(EXERCISES).map((exercise) => exerciseSoul(workout, exercise));
}

/** What one pass costs: the counts after it less the counts before. */
async function pass(client, name) {
  const before = client.cacheStats();
  const begun = performance.now();
  const stopProgress = showProgress(`${name} pass`, begun);
  const resolved = await Promise.all(range(CALLERS).map(() => resolveAll(client))).finally(stopProgress);
  const after = client.cacheStats();
  const calls = after.total - before.total;
  return {
    name,
    ms: performance.now() - begun,
    calls,
    requests: after.requests.sent - before.requests.sent,
    hitRate: (after.hits - before.hits) / calls,
    external: process.memoryUsage().external,
    missing: resolved[0].filter((record) => record === null).length,
  };
}

/** One API call: the workouts, then all their exercises. */
async function resolveAll(client) {
  const workouts = unfailed(await client.getRecords(range(WORKOUTS).map(workoutSoul)));
  if (workouts.includes(null)) throw new Error('the relay has lost a workout that was stored just now');
  return unfailed(await client.getRecords(workouts.flatMap(({ data }) => data.exercises)));
}

function unfailed(answers) {
  const failed = answers.find((answer) => answer instanceof Error);
  if (failed) throw failed;
  return answers;
}

function showProgress(what, begun) {
  if (!process.stderr.isTTY) return () => {};
  const timer = setInterval(() => {
    process.stderr.write(`\r${what}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  }, 100);
  return () => {
    clearInterval(timer);
    process.stderr.write('\r\x1b[K');
  };
}

function table(passes) {
  const header = ['pass', 'time', 'calls', 'requests', 'hit rate', 'external memory'];
  const rows = passes.map(({ name, ms, calls, requests, hitRate, external }) => [
    name,
    `${ms.toFixed(0)} ms`,
    String(calls),
    String(requests),
    `${(100 * hitRate).toFixed(1)}%`,
    `${(external / 1048576).toFixed(1)} MB`,
  ]);
  const widths = header.map((title, column) => Math.max(...[header, ...rows].map((row) => row[column].length)));
  const line = (row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('   ');
  return [header, ...rows].map(line).join('\n');
}

function sentence([first, second]) {
  const missing = `${first.missing} missing exercises`;
  return (
    `You saw ${first.calls} calls become ${first.requests} requests, because ten callers shared each answer and waited ` +
    `the relay's 3 s once; asked again, the ${missing} were known and the same calls took ${second.requests} requests ` +
    `and ${second.ms.toFixed(0)} ms.`
  );
}

main().catch((error) => {
  const isUsage = String(error.code).startsWith('ERR_PARSE_ARGS');
  const why = error.cause ? `${error.message}: ${error.cause.message}` : error.message;
  console.error(isUsage ? `${why}\n\n${USAGE}` : `The demo failed: ${why}`);
  process.exitCode = isUsage ? 2 : 1;
});
