'use strict';

// The columns of each kind of job, for both the terminal and the Markdown tables.

const { summary } = require('../statistics');

const MB = 2 ** 20;

function column(title, metric, { scale = 1, digits = 1, spread = false } = {}) {
  return { title, metric, scale, digits, spread };
}

const MAIN = column('main thread µs', 'mainUsPerCall', { spread: true });
const PROCESS = column('process µs', 'processUsPerCall', { spread: true });
const RSS = column('peak RSS MB', 'peakRss', { scale: MB });
const EXTERNAL = column('peak external MB', 'peakExternal', { scale: MB });
const REQUESTS = column('requests', 'requests', { digits: 0 });

const columns = {
  calls: [MAIN, PROCESS, column('p50 ms', 'p50Ms', { digits: 2 }), column('p99 ms', 'p99Ms', { digits: 2 }), RSS, EXTERNAL, REQUESTS],
  burst: [
    column('first pass ms', 'firstPassMs', { digits: 0 }),
    REQUESTS,
    column('second pass ms', 'secondPassMs', { digits: 1 }),
    column('requests', 'secondRequests', { digits: 0 }),
    MAIN,
    PROCESS,
    RSS,
    EXTERNAL,
  ],
  storm: [MAIN, PROCESS, RSS, EXTERNAL, column('external kept MB', 'externalKept', { scale: MB, digits: 2 }), REQUESTS],
  'known-missing': [
    column('ns, awaited', 'nsPerHit', { digits: 0, spread: true }),
    column('p99 ns', 'nsPerHitP99', { digits: 0 }),
    column('ns, plain lookup', 'nsPerPlainHit', { digits: 0 }),
  ],
  cache: [
    column('entries', 'entries', { digits: 0 }),
    column('bytes per entry', 'bytesPerEntry', { digits: 0, spread: true }),
    column('ns per hit', 'nsPerHit', { digits: 0 }),
    column('sweep ms', 'sweepMs'),
    column('longest pause ms', 'pauseMs', { digits: 2 }),
    column('idle pause ms', 'idlePauseMs', { digits: 2 }),
    column('fill s', 'fillMs', { scale: 1e3 }),
  ],
  traces: [column('hits %, mean of the traces', 'hitPercent', { digits: 2 })],
  scaling: [column('slope', 'slope', { digits: 3 })],
  load: [
    column('ms', 'loadMs', { spread: true }),
    column('main thread ms', 'loadMainMs'),
    column('binary MB', 'binaryBytes', { scale: 1e6, digits: 2 }),
  ],
};

function shown(rounds, { metric, scale, digits, spread }) {
  const reached = summary(rounds.map((round) => round[metric]));
  if (!reached) return '–';
  const text = (value) => (value / scale).toFixed(digits);
  if (!spread || reached.rounds === 1) return text(reached.median);
  return `${text(reached.median)} (${text(reached.min)}–${text(reached.max)})`;
}

/** Head and rows of a job's table; one row for each client. */
function tableOf(job, byClient) {
  const measured = Object.values(byClient).flat();
  const present = columns[job.measure].filter(({ metric }) => measured.some((round) => metric in round));
  return {
    head: ['client', ...present.map(({ title }) => title)],
    rows: Object.entries(byClient).map(([client, rounds]) => [client, ...present.map((each) => shown(rounds, each))]),
  };
}

/** Memory during a storm at about eight points of one round, in MB. The last is after a full garbage collection. */
function curveOf(rounds) {
  const { curve } = rounds.find((round) => round.curve) ?? {};
  if (!curve) return undefined;
  const every = Math.ceil(curve.length / 8);
  const points = curve.filter((_, index) => index % every === 0 || index === curve.length - 1);
  return points.map(({ calls, rss, external }) => ({ calls, rss: rss / MB, external: external / MB }));
}

/** The tables of a job beside its main one: `[{ head, rows }]`. */
function furtherTables(job, byClient) {
  const first = Object.entries(byClient).map(([client, rounds]) => [client, rounds.find((round) => round.points ?? round.rates) ?? {}]);
  if (job.measure === 'traces') {
    const names = Object.keys(first[0][1].rates ?? {});
    return [{ head: ['hits %', ...names], rows: first.map(([client, { rates }]) => [client, ...names.map((name) => (100 * rates?.[name]).toFixed(1))]) }];
  }
  if (job.measure === 'scaling') {
    const points = first[0][1].points ?? [];
    return [{ head: ['size', ...points.map(({ size }) => size.toLocaleString('en'))], rows: [['ns each', ...points.map(({ ns }) => ns.toFixed(0))]] }];
  }
  return [];
}

/** A target's row as text. */
function targetRow({ name, median, min, max, rounds, limit, unit, met }) {
  const digits = { '×': 3, '': 2 }[unit] ?? 1;
  const spread = rounds > 1 ? ` (${min.toFixed(digits)}–${max.toFixed(digits)})` : '';
  return [name, `${median.toFixed(digits)}${spread} ${unit}`.trim(), `≤ ${limit}`, met ? 'met' : 'NOT met'];
}

/** What was missed, and why, as a list; nothing if all targets are met. */
function missedList(evaluated) {
  const missed = evaluated.filter(({ met }) => !met);
  if (missed.length === 0) return [];
  return [['Missed:', ...missed.map(({ name, why }) => `- ${name}: ${why ?? 'not explained yet'}`)].join('\n')];
}

const TARGET_HEAD = ['target', 'reached', 'limit', ''];

module.exports = { tableOf, curveOf, furtherTables, missedList, targetRow, TARGET_HEAD };
