'use strict';

// npm run bench:guard: fails if gun-native has become slower. It checks ratios to peers measured in the same run, with wide
// margins, and the numbers of requests, which are exact.

const { chosenJobs } = require('./jobs');
const { runRounds, startRelay, stopAll, stopOnSignals } = require('./harness');
const { pairedRatio } = require('./statistics');

const ROUNDS = 3;
const WARM_UP_MS = 500;
const CLIENTS = ['undici', 'lru-cache', 'gun-native', 'gun-native-batch'];

// Each limit is about twice the target of targets.js.
const LIMITS = [
  { name: 'found: main thread / undici', job: 'found-32', metric: 'mainUsPerCall', peer: 'undici', limit: 0.6 },
  { name: 'missing: main thread / undici', job: 'missing-32', metric: 'mainUsPerCall', peer: 'undici', limit: 0.45 },
  { name: 'found: whole process / undici', job: 'found-32', metric: 'processUsPerCall', peer: 'undici', limit: 2 },
  { name: 'missing: whole process / undici', job: 'missing-32', metric: 'processUsPerCall', peer: 'undici', limit: 2 },
  { name: 'batch: main thread / undici', job: 'batch-found', metric: 'mainUsPerCall', peer: 'undici', limit: 0.4, client: 'gun-native-batch' },
  { name: 'known missing / lru-cache', job: 'known-missing', metric: 'nsPerHit', peer: 'lru-cache', limit: 2 },
];

// Every round of these must have sent exactly this many requests.
const REQUESTS = [
  { job: 'found-32', client: 'gun-native', metric: 'requests', sent: (params) => params.calls },
  { job: 'missing-32', client: 'gun-native', metric: 'requests', sent: (params) => params.calls },
  { job: 'batch-found', client: 'gun-native-batch', metric: 'requests', sent: (params) => params.calls },
  { job: 'known-missing', client: 'gun-native', metric: 'requests', sent: () => 0 },
  { job: 'burst', client: 'gun-native', metric: 'requests', sent: (params) => params.soulCount },
  { job: 'burst', client: 'gun-native', metric: 'secondRequests', sent: () => 0 },
  { job: 'burst', client: 'gun-native-batch', metric: 'requests', sent: (params) => params.soulCount },
  { job: 'storm', client: 'gun-native', metric: 'requests', sent: (params) => 3 * params.calls },
];

function guardedJobs() {
  const names = [...new Set([...LIMITS, ...REQUESTS].map(({ job }) => job))];
  return chosenJobs({ names, clients: CLIENTS }).map((chosen) => {
    const job = { ...chosen, rounds: Math.min(chosen.rounds, ROUNDS) };
    const params = { ...job.params };
    if (params.warmUpMs) params.warmUpMs = WARM_UP_MS;
    if (job.name !== 'burst') return { ...job, params };
    return { ...job, clients: job.clients.filter((client) => client !== 'undici'), params: { ...params, behaviour: 'missing-after/300' } };
  });
}

function judge(jobs, results) {
  const rounds = (job, client, metric) => results[job][client].map((round) => round[metric]);
  const ratios = LIMITS.map(({ name, job, metric, peer, limit, client = 'gun-native' }) => {
    const { median } = pairedRatio(rounds(job, client, metric), rounds(job, peer, metric));
    return { ok: median <= limit, text: `${name}: ${median.toFixed(3)}, at most ${limit}` };
  });
  const counts = REQUESTS.map(({ job, client, metric, sent }) => {
    const expected = sent(jobs.find(({ name }) => name === job).params);
    const counted = rounds(job, client, metric);
    return { ok: counted.every((count) => count === expected), text: `${job}, ${client}, ${metric}: ${counted.join(', ')}, exactly ${expected}` };
  });
  return [...ratios, ...counts];
}

async function main() {
  const jobs = guardedJobs();
  const relay = await startRelay();
  const { results, errors } = await runRounds(relay, jobs);
  await relay.stop();
  if (errors.length > 0) throw new AggregateError(errors, errors.map(({ message }) => message).join('\n'));

  const verdicts = judge(jobs, results);
  for (const { ok, text } of verdicts) console.log(`${ok ? 'ok  ' : 'FAIL'}  ${text}`);
  process.exitCode = verdicts.every(({ ok }) => ok) ? 0 : 1;
}

stopOnSignals();

main().catch((error) => {
  stopAll();
  console.error(error.message);
  process.exitCode = 2;
});
