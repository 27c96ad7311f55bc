'use strict';

// The process under test: gun-native under an indexer's traffic. observe.js starts it with the run's options as JSON and keeps its
// measurements; its log goes to stdout, as an indexer's does.

const axios = require('axios');
const { once } = require('events');
const http = require('http');
const { GunClient } = require('../..');
const { install } = require('../../axios');
const { Random } = require('../../__tests__/helpers/random');
const { scheduleOf } = require('./schedule');
const { Traffic } = require('./traffic');
const { fixturesOf } = require('./fixtures');

const { hours, speed, seed, relayUrl } = JSON.parse(process.argv[2]);
const HOUR_MS = 3_600_000 / speed;
/** Samples per hour; at each full hour, memory after a garbage collection is measured too. */
const SAMPLES_PER_HOUR = 12;
const scaled = (ms, least) => Math.max(least, Math.round(ms / speed));

const client = new GunClient({
  relayUrl,
  cache: { ttlMs: scaled(3_600_000, 1) },
  sweepEveryMs: scaled(3_600_000, 1),
  backoff: { baseMs: scaled(200, 1), maxMs: scaled(5_000, 1) },
  breaker: { probeEveryMs: scaled(1_000, 1) },
  // A busy machine's delays do not scale with the hours.
  attemptTimeoutMs: scaled(20_000, 5_000),
  timeoutMs: scaled(45_000, 12_000),
});

const installed = axios.create();
const uninstall = install(installed, { client });

/** Whether a record is found, as code on axios asks. */
async function isFound(soul) {
  try {
    await installed.get(`${relayUrl}/get`, { params: { soul } });
    return true;
  } catch (error) {
    return false;
  }
}

const random = new Random(seed + 1); // the fixtures are made from the seed itself
const traffic = new Traffic(client, fixturesOf(seed), { random, put, log: (line) => console.error(line) });
const schedule = scheduleOf(hours, random);
const under = new Set();

async function put(soul, data) {
  const request = http.request(`${relayUrl}/put`, { method: 'POST', agent: false });
  request.end(JSON.stringify({ soul, data }));
  const [response] = await once(request, 'response');
  response.resume();
  await once(response, 'end');
}

/** Runs what is due; observe.js handles the relay. */
const actions = {
  workouts: () => traffic.workouts(),
  mealPlans: () => traffic.mealPlans(),
  burst: () => traffic.burst(),
  sync: () => traffic.syncCycle(),
  syncByAxios: () => traffic.syncCycleByAxios(isFound),
  put: () => traffic.putOne(),
  restart: (hour) => {
    traffic.beginOutage();
    process.send({ relay: 'restart', hour });
  },
  slow: () => process.send({ relay: 'slow' }),
  healthy: () => process.send({ relay: 'healthy' }),
};
process.on('message', ({ relay }) => {
  if (relay === 'up') traffic.endOutage();
});

function begin({ what, hour }) {
  const running = Promise.resolve(actions[what](hour)).finally(() => under.delete(running));
  under.add(running);
}

function measure(hour) {
  const { rss, heapUsed, external } = process.memoryUsage();
  const { hits, total, size, requests } = client.cacheStats();
  process.send({ sample: { hour, rss, heapUsed, external, hits, total, size, retried: requests.retried } });
}

function measureFloor(hour) {
  global.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send({ floor: { hour, rss, heapUsed, external } });
}

async function main() {
  const begun = performance.now();
  let [hour, next, samples, floors] = [0, 0, 0, 0];
  while (hour < hours) {
    hour = Math.min(hours, (performance.now() - begun) / HOUR_MS);
    while (next < schedule.length && schedule[next].hour <= hour) {
      begin(schedule[next]);
      next += 1;
    }
    if (hour * SAMPLES_PER_HOUR >= samples + 1) {
      samples = Math.floor(hour * SAMPLES_PER_HOUR);
      measure(hour);
    }
    if (hour >= floors + 1) {
      floors = Math.floor(hour);
      measureFloor(hour);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(under);
  const stats = client.cacheStats();
  await uninstall();
  await client.close();
  process.send({ end: { counts: traffic.counts, planned: next, stats } }, () => process.disconnect());
}

process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
main();
