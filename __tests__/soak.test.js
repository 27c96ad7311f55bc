'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { judge } = require('../bench/soak/checks');
const { Log } = require('../bench/soak/log');
const { Random } = require('./helpers/random');
const { loadAt, scheduleOf } = require('../bench/soak/schedule');
const { fixturesOf } = require('../bench/soak/fixtures');
const { fitLine, gain } = require('../bench/statistics');
const { runFile } = require('./helpers/child');

const MB = 2 ** 20;
const STATS_LINE = '📊 [GUN 404 Cache] 45/100 hits (45.0% cache hit rate, 55 cached souls)';
const SWEEP_LINE = '🧹 [GUN 404 Cache] Cleaned 45 expired entries, 500 remain';

describe('the fitted line', () => {
  test('of points on a line has its slope and no error', () => {
    const { slope, error } = fitLine([0, 1, 2, 5].map((x) => [x, 3 * x - 7]));
    expect(slope).toBeCloseTo(3, 12);
    expect(error).toBeCloseTo(0, 12);
  });

  test('has the slope and the standard error of the textbook formulas', () => {
    // Anscombe's first set: 0.5001 ± 0.1179 in his paper of 1973.
    const ys = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
    const { slope, error } = fitLine([10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5].map((x, at) => [x, ys[at]]));
    expect(slope).toBeCloseTo(0.5001, 4);
    expect(error).toBeCloseTo(0.1179, 4);
  });

  test('has no known error through two points', () => {
    expect(fitLine([[0, 0], [1, 1]]).error).toBe(Infinity);
  });

  test('tells what was gained from the first sample to the last', () => {
    expect(gain([{ calls: 10, rss: 5 }, { calls: 20, rss: 7 }, { calls: 40, rss: 11 }], 'rss')).toBeCloseTo(6, 12);
  });
});

describe('the draws', () => {
  test('are the same for the same seeds, and others for others', () => {
    const draws = (...seeds) => {
      const random = new Random(...seeds);
      return Array.from({ length: 20 }, () => random.between(0, 1_000));
    };
    expect(draws(7, 'a')).toEqual(draws(7, 'a'));
    expect(draws(7, 'a')).not.toEqual(draws(7, 'b'));
    expect(new Set(draws(7)).size).toBeGreaterThan(15);
  });

  test('of a Zipf law come in proportion to 1 / k^exponent', () => {
    const pick = new Random(1).zipf(4, 1);
    const counts = [0, 0, 0, 0];
    for (let draw = 0; draw < 25_000; draw += 1) counts[pick()] += 1;
    // 12 : 6 : 4 : 3, in 25ths; three standard deviations are some 235.
    [12_000, 6_000, 4_000, 3_000].forEach((expected, rank) => expect(Math.abs(counts[rank] - expected)).toBeLessThan(240));
  });

  test('reach from the first rank to the last', () => {
    const ranks = [0, 1 - 2 ** -53].map((value) => Object.assign(new Random(1), { next: () => value }).zipf(3, 1)());
    expect(ranks).toEqual([0, 2]);
  });
});

describe('the fixtures', () => {
  const fixtures = fixturesOf(1);
  const plans = Object.values(fixtures.plans).flat();

  test('stores every plan and few of its parts', () => {
    expect(plans.every((soul) => fixtures.stored.has(soul))).toBe(true);
    const parts = plans.flatMap((soul) => JSON.parse(fixtures.stored.get(soul).data).parts);
    const missing = new Set(fixtures.missing);
    expect(parts.every((soul) => missing.has(soul) !== fixtures.stored.has(soul))).toBe(true);
    expect(parts.filter((soul) => missing.has(soul)).length / parts.length).toBeGreaterThan(0.9);
  });

  test('is the same for the relay and the indexer', () => {
    expect(fixturesOf(1)).toEqual(fixtures);
    expect(fixturesOf(2)).not.toEqual(fixtures);
  });
});

describe('the schedule', () => {
  const events = scheduleOf(24, new Random(1));
  const count = (what) => events.filter((event) => event.what === what).length;

  test('is in order and ends in time', () => {
    expect(events.every(({ hour }, at) => hour >= (at === 0 ? 0 : events[at - 1].hour))).toBe(true);
    expect(events.at(-1).hour).toBeLessThan(24.1);
  });

  test('has as many API calls as the load says, a quarter of them for meal plans', () => {
    const due = Array.from({ length: 2_400 }, (_, hundredth) => loadAt(hundredth / 100) / 100).reduce((sum, calls) => sum + calls);
    const calls = count('workouts') + count('mealPlans');
    expect(Math.abs(calls - due) / due).toBeLessThan(0.01);
    expect(count('mealPlans')).toBe(Math.floor(calls / 4));
  });

  test('restarts and slows the relay, puts and bursts, but lets it warm up first', () => {
    expect([count('restart'), count('slow'), count('healthy'), count('put'), count('burst')]).toEqual([5, 4, 4, 47, 11]);
    expect(events.filter(({ what, hour }) => hour < 2 && ['restart', 'slow', 'burst'].includes(what))).toEqual([]);
  });
});

test.each([
  ['stats', STATS_LINE],
  ['sweep', SWEEP_LINE],
  ['failed', '⚠️  Error in getRecord after 2 retries: relay http://a answered 503 for soul "b" (3 attempts in 1.2 s)'],
  ['failedFor404', '⚠️  Error in getRecord after 2 retries: relay http://a answered 404 for soul "b" (1 attempt in 1 ms)'],
  ['failedFor404', '⚠️  Error in getRecord after 2 retries: Not found'],
  ['failed', '⚠️  Error in getRecord after 2 retries: relay http://a could not be reached for soul "404": connection refused (3 attempts in 404 ms)'],
  ['allocation', 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory'],
  ['allocation', 'memory allocation of 1048576 bytes failed'],
  ['other', '🧹 [GUN 404 Cache] Cleaned 0 expired entries, 500 remain'],
  ['other', 'anything'],
])('a line of the log is counted as %s: %s', (kind, line) => {
  const log = new Log();
  log.take(line);
  expect(log.counts[kind]).toBe(1);
  expect(Object.values(log.counts).reduce((sum, count) => sum + count)).toBe(1);
  expect(log.last[kind]).toEqual([line]);
});

/** What a good day looks like. */
function goodRun() {
  const samples = Array.from({ length: 288 }, (_, at) => {
    const hour = (at + 1) / 12;
    const rate = hour <= 0.5 ? 0.35 : hour <= 1 ? 0.6 : 0.8;
    return { hour, rss: 80 * MB, heapUsed: (6 + (at % 5)) * MB, external: 2 * MB, hits: 1000 * rate, total: 1000, size: 1500 };
  });
  const floors = Array.from({ length: 24 }, (_, at) => ({ hour: at + 1, rss: (80 + (at % 2)) * MB, heapUsed: 5 * MB, external: 2 * MB }));
  const log = new Log();
  for (let line = 0; line < 10; line += 1) log.take(STATS_LINE);
  for (let line = 0; line < 23; line += 1) log.take(SWEEP_LINE);
  const counts = { apiCalls: 20, answered: 20, wrong: 0, failed: 0, failedInOutage: 3, puts: 4, putsUnread: 0, syncCycles: 100 };
  const end = { counts, stats: { total: 1005, hitRate: 0.8, capacity: 10_000 } };
  return { options: { hours: 24, speed: 720, seed: 1 }, samples, floors, log, end, exit: 0 };
}

const failedOf = (run) => judge(run).filter(({ passed }) => passed === false).map(({ check }) => check);

describe('the checklist', () => {
  test('passes for a good day, with every point judged', () => {
    const checks = judge(goodRun());
    expect(checks).toHaveLength(20);
    expect(checks.map(({ passed }) => passed)).toEqual(Array(20).fill(true));
  });

  const leak = (memory, perHour) => (run) => run.floors.forEach((floor) => (floor[memory] += perHour * floor.hour));
  test.each([
    ['a heap that grows', leak('heapUsed', 0.11 * MB), 'no growth of heapUsed, after collections'],
    ['external memory that grows', leak('external', 0.11 * MB), 'no growth of external, after collections'],
    ['an rss that grows', leak('rss', 0.55 * MB), 'no growth of rss, after collections'],
    ['noise that could hide a trend', (run) => run.floors.forEach((floor, at) => (floor.heapUsed += (at % 2) * 100 * MB)), 'no growth of heapUsed, after collections'],
    ['a heap that only rises', (run) => run.samples.forEach((sample, at) => (sample.heapUsed = (6 + at / 100) * MB)), 'sawtooth'],
    [
      'a heap that falls by our own collections alone',
      (run) => {
        run.samples.forEach((sample, at) => (sample.heapUsed = (6 + ((at + 1) % 12)) * MB));
        run.floors = run.samples.filter((sample) => sample.heapUsed === 17 * MB).map(({ hour }) => ({ hour, rss: 80 * MB, heapUsed: 5 * MB, external: 2 * MB }));
      },
      'sawtooth',
    ],
    ['one high rss', (run) => (run.samples[100].rss = 300 * MB), 'memory stays bounded'],
    ['external memory beyond the heap', (run) => (run.samples[100].external = 1.6 * run.samples[100].heapUsed), 'no external memory warning'],
    ['too few hits after 30 min', (run) => (run.samples[5].hits = 290), 'hit rate after 30 min'],
    ['too many after 1 h', (run) => (run.samples[11].hits = 710), 'hit rate after 1 h'],
    ['too few after 2 h', (run) => (run.samples[23].hits = 690), 'hit rate after 2 h'],
    ['too few at the end', (run) => (run.end.stats.hitRate = 0.5), 'hit rate at the end'],
    ['no sweeps', (run) => (run.log.counts.sweep = 5), 'sweep lines'],
    ['a stats line too few', (run) => (run.log.counts.stats = 9), 'stats lines'],
    ['a 404 reported as a failure', (run) => run.log.take('Error in getRecord after 2 retries: relay http://a answered 404 for soul "b"'), 'no "after 2 retries" for a 404'],
    ['a failure while the relay was up', (run) => (run.end.counts.failed = 1), 'no call fails while the relay is up'],
    ['a wrong answer', (run) => (run.end.counts.wrong = 1), 'no wrong answer'],
    ['sync cycles that do not run', (run) => (run.end.counts.syncCycles = 0), 'sync cycles'],
    ['a put that is not read', (run) => (run.end.counts.putsUnread = 1), 'a record just put is read'],
    ['a cache beyond its capacity', (run) => (run.samples[9].size = 10_001), 'the cache stays bounded'],
    ['a failed allocation', (run) => run.log.take('memory allocation of 9 bytes failed'), 'no failed allocation'],
    ['an API call without an answer', (run) => (run.end.counts.answered = 19), 'healthy and responsive to the end'],
  ])('fails for %s', (_what, spoil, point) => {
    const run = goodRun();
    spoil(run);
    expect(failedOf(run)).toEqual([point]);
  });

  test('fails for a process that died, and says by what', () => {
    const run = { ...goodRun(), end: undefined, exit: 'SIGABRT' };
    expect(failedOf(run)).toContain('healthy and responsive to the end');
    expect(judge(run).at(-1).measurement).toBe('the process ended with SIGABRT');
  });

  test('leaves open what a short run cannot tell', () => {
    const run = goodRun();
    const short = { ...run, options: { hours: 0.4 }, samples: run.samples.slice(0, 4), floors: [] };
    const open = judge(short).filter(({ passed }) => passed === null).map(({ check }) => check);
    expect(open).toEqual(expect.arrayContaining(['no growth of rss, after collections', 'hit rate after 30 min', 'hit rate at the end', 'sweep lines']));
    expect(failedOf(short)).toEqual([]);
  });
});

test('a short soak writes its report and its chart, and its exit code is that of its list', async () => {
  const out = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-soak-'));
  const { code, stdout, stderr } = await runFile('bench/soak/run.js', { args: ['--hours', '0.5', '--speed', '900', '--out', out] });
  const report = JSON.parse(fs.readFileSync(path.join(out, 'soak.json'), 'utf8'));
  const chart = fs.readFileSync(path.join(out, 'soak.svg'), 'utf8');
  fs.rmSync(out, { recursive: true });
  expect(report.options).toEqual({ hours: 0.5, speed: 900, seed: 1 });
  expect(code).toBe(report.checks.some(({ passed }) => passed === false) ? 1 : 0);
  for (const { check } of report.checks) expect(stdout).toContain(check);
  expect(stderr).toMatch(/^[\d.]+ of 0\.5 h {2}\d+ calls, [\d.]+% hits/);
  // What no machine is too slow for: every answer is right.
  expect(report.end.counts).toMatchObject({ wrong: 0, failed: 0, putsUnread: 0 });
  expect(report.end.counts.answered).toBe(report.end.counts.apiCalls);
  expect(chart).toMatch(/^<svg [^]*<polyline [^]*<\/svg>\n$/);
  expect(chart).toContain('relay restarts');
  expect(chart).not.toContain('NaN');
});

test.each([
  [['--hours', '0'], '--hours 0 is not a number from 0.01 to 720'],
  [['--speed', 'fast'], '--speed fast is not a number from 1 to 10000'],
  [['--seed', '1.5'], '--seed 1.5 is not a whole number'],
  [['--days', '2'], "Unknown option '--days'"],
])('%j is refused by name, with the usage', async (args, message) => {
  const { code, stderr } = await runFile('bench/soak/run.js', { args });
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr).toContain('npm run soak -- [options]');
});
