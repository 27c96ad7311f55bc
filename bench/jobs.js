'use strict';

// The jobs, in the order of the tables. `group` is what --job also understands; `measure` names the file in measure/;
// `waits` marks a job that mostly waits, for which all clients run at once; `rounds` overrides the number of rounds.

const ROUNDS = 5;

const PEERS = ['axios', 'got', 'fetch', 'undici'];
const FLOOR = 'floor';
const ALL = [...PEERS, 'gun-native'];
const NEAREST = ['axios', 'undici', 'gun-native'];
const BATCHES = ['gun-native', 'gun-native-batch'];
const TABLES = ['map', 'lru-cache', 'gun-native'];

// A shorter warm-up would measure unoptimised code. The jobs for the curves of sizes and callers are warmed up less, or a full
// run would take a quarter of an hour.
const WARM_UP_MS = 1000;
const CURVE_WARM_UP_MS = 600;

function calls(name, title, clients, behaviour, params) {
  const [group] = name.split('-');
  return { name, group, title, clients, measure: 'calls', params: { behaviour, warmUpMs: WARM_UP_MS, ...params } };
}

function curve(name, title, clients, behaviour, params) {
  return calls(name, title, clients, behaviour, { warmUpMs: CURVE_WARM_UP_MS, ...params });
}

function scaling(name, title, sizes) {
  return { name: `scaling-${name}`, group: 'scaling', title, clients: ['gun-native'], rounds: 1, measure: 'scaling', params: { axis: name, sizes } };
}

function cache(name, title, clients, rounds, params) {
  return { name, group: 'cache', title, clients, rounds, measure: 'cache', params };
}

const SMALL = 'found/1600';
const MISSING = 'missing/0';

const jobs = [
  calls('found-1', 'Found, 1.6 KB, one at a time', NEAREST, SMALL, { concurrency: 1, calls: 1500 }),
  curve('found-8', 'Found, 1.6 KB, 8 at a time', NEAREST, SMALL, { concurrency: 8, calls: 2000 }),
  calls('found-32', 'Found, 1.6 KB, 32 at a time', [...ALL, FLOOR], SMALL, { concurrency: 32, calls: 2000 }),
  curve('found-128', 'Found, 1.6 KB, 128 at a time', NEAREST, SMALL, { concurrency: 128, calls: 2048 }),
  calls('found-512', 'Found, 1.6 KB, 512 at a time', NEAREST, SMALL, { concurrency: 512, calls: 2048 }),
  calls('found-utf8', 'Found, 1.6 KB that is not all ASCII, 32 at a time', [...NEAREST, FLOOR], 'found-utf8/1600', { concurrency: 32, calls: 2000 }),
  curve('found-64k', 'Found, 64 KB, 32 at a time', NEAREST, 'found/65536', { concurrency: 32, calls: 320 }),
  curve('found-1m', 'Found, 1 MB, 32 at a time', ALL, 'found/1048576', { concurrency: 32, calls: 64 }),
  calls('found-1m-cold', 'Found, 1 MB, 32 at a time, the first of a process', NEAREST, 'found/1048576', { concurrency: 32, calls: 32, warmUpMs: 0 }),
  calls('found-180k', '240 records of 180 KB, 12 at a time', [...NEAREST, FLOOR], 'found/180000', { concurrency: 12, calls: 240 }),
  calls('found-repeated', '2,000 calls for 20 souls, 32 at a time', [...NEAREST, FLOOR], SMALL, { concurrency: 32, calls: 2000, distinct: 20 }),
  calls('missing-1', 'Missing, distinct souls, one at a time', NEAREST, MISSING, { concurrency: 1, calls: 1500 }),
  calls('missing-32', 'Missing, distinct souls, 32 at a time', [...ALL, FLOOR], MISSING, { concurrency: 32, calls: 2000 }),
  calls('batch-found', 'Batches of 56, found, 1.6 KB (per record)', [...PEERS, ...BATCHES, FLOOR], SMALL, { batch: 56, calls: 2016 }),
  calls('batch-missing', 'Batches of 56, missing (per record)', ['undici', ...BATCHES, FLOOR], MISSING, { batch: 56, calls: 2016 }),
  {
    name: 'known-missing',
    group: 'known-missing',
    title: 'Cached as missing',
    clients: TABLES,
    measure: 'known-missing',
    params: { behaviour: MISSING, timeMs: 300 },
  },
  {
    name: 'burst',
    group: 'burst',
    title: '56 missing souls asked for by 10 callers at once, the relay waits 3 s, two passes',
    clients: ['js-helper', 'fetch', 'undici', ...BATCHES],
    measure: 'burst',
    waits: true,
    rounds: 1,
    params: { behaviour: 'missing-after/3000', soulCount: 56, callers: 10 },
  },
  {
    name: 'storm',
    group: 'storm',
    title: 'Every request fails with 503, three attempts each, 32 at a time',
    clients: ALL,
    measure: 'storm',
    rounds: 2,
    params: { behaviour: 'failing/503', concurrency: 32, calls: 960 },
  },
  cache('cache-10k', 'A cache filled with 10 thousand souls', TABLES, 3, { entries: 10_000, chunk: 56 }),
  cache('cache-100k', 'A cache filled with 100 thousand souls', TABLES, 1, { entries: 100_000, chunk: 56 }),
  cache('cache-100k-bulk', 'The same, filled by getRecords of 5,000 souls', ['gun-native'], 1, { entries: 100_000, chunk: 5000 }),
  cache('cache-1m', 'A cache filled with 1 million souls', TABLES, 1, { entries: 1_000_000, chunk: 56 }),
  { name: 'traces', group: 'traces', title: 'Hit rate on traces, capacity 500', clients: ['lru-cache', 'gun-native'], rounds: 1, measure: 'traces', params: { behaviour: MISSING } },
  scaling('cached', 'A hit in a cache of 1,000 to 10 million souls', [1e3, 1e4, 1e5, 1e6, 1e7]),
  scaling('callers', '1 to 100,000 callers of one soul', [1, 10, 100, 1e3, 1e4, 1e5]),
  scaling('in-flight', '1 to 4,096 requests in flight', [1, 8, 64, 512, 4096]),
  { name: 'load', group: 'load', title: 'Loading the client in a fresh process', clients: [...ALL, 'lru-cache'], rounds: 11, measure: 'load', params: {} },
];

/** The same job, shortened: for checking that everything works, not for results. */
function quickly(job) {
  const params = { ...job.params };
  if (params.warmUpMs) params.warmUpMs = 100;
  if (params.calls) params.calls = Math.ceil(params.calls / 4 / 56) * 56;
  if (params.timeMs) params.timeMs = 100;
  if (params.sizes) params.sizes = params.sizes.slice(0, 3);
  if (job.name === 'burst') params.behaviour = 'missing-after/300';
  return { ...job, params };
}

/** The jobs of these names or groups, with these clients only, each with its rounds. `undefined` means all, or the default. */
function chosenJobs({ names, clients, rounds, quick }) {
  const known = new Set(jobs.flatMap((job) => [job.name, job.group]));
  for (const name of names ?? []) if (!known.has(name)) throw new RangeError(`no job ${name}: there is ${[...known].join(', ')}`);
  const knownClients = new Set(jobs.flatMap((job) => job.clients));
  for (const client of clients ?? []) {
    if (!knownClients.has(client)) throw new RangeError(`no client ${client}: there is ${[...knownClients].join(', ')}`);
  }
  return jobs
    .filter((job) => !names || names.includes(job.name) || names.includes(job.group))
    .filter((job) => !quick || job.measure !== 'cache' || job.params.entries === 10_000)
    .map((job) => ({ ...job, clients: job.clients.filter((client) => !clients || clients.includes(client)) }))
    .filter((job) => job.clients.length > 0)
    .map((job) => ({ ...job, rounds: rounds ?? job.rounds ?? ROUNDS }))
    .map((job) => (quick ? quickly(job) : job));
}

module.exports = { chosenJobs, ROUNDS };
