'use strict';

// The charts as SVG: bars for `npm run bench`, lines for `npm run soak`. Their colours have enough contrast on white and on
// near-black, because a picture in a README cannot know the page's theme.

const { summary } = require('./statistics');

const TEXT = '#6e7781';
const GRAY = '#8b949e';
const BLUE = '#2f81f7';
const WIDTH = 860;

function svg(height, label, panels) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${label}" font-family="system-ui, sans-serif" font-size="12" fill="${TEXT}">`,
    ...panels,
    '</svg>',
    '',
  ].join('\n');
}

/** The panels of bench/results.svg: first the traffic of an indexer, by the patches it has. */
const TRAFFIC_PANELS = [
  { title: 'sync cycle, 30 of 37 types missing', under: 'seconds, the first cycle', part: 'sync cycle, first', of: ({ ms }) => ms / 1e3 },
  { title: 'sync cycle, once more', under: 'seconds', part: 'sync cycle, second', of: ({ ms }) => ms / 1e3 },
  { title: '100 deletion checks', under: 'seconds, an index of 10,000 keys', part: 'deletion checks', of: ({ ms }) => ms / 1e3 },
  { title: 'an answer of 50 MB for a peer', under: 'MB held by the process', part: 'proxy for the peers', of: ({ heldMB }) => heldMB },
];
const BAR_PANELS = [
  { title: 'found, 1.6 KB, 32 at a time', under: 'main thread, µs per call', job: 'found-32', metric: 'mainUsPerCall' },
  { title: 'missing, 32 at a time', under: 'main thread, µs per call', job: 'missing-32', metric: 'mainUsPerCall' },
  { title: 'batches of 56, found', under: 'main thread, µs per record', job: 'batch-found', metric: 'mainUsPerCall' },
  { title: 'found, 1.6 KB, 32 at a time', under: 'whole process, µs per call', job: 'found-32', metric: 'processUsPerCall' },
];


const BARS = { panel: 410, label: 136, value: 52, row: 22, head: 46, count: 6 };
const BARS_HEIGHT = BARS.head + BARS.count * BARS.row + 20;

const shortly = (value) => value.toFixed(value < 0.1 ? 3 : value < 10 ? 1 : 0);

function bar([client, value], at, most) {
  const isOurs = /^(gun-native|\+)/.test(client);
  const y = BARS.head + at * BARS.row;
  const width = Math.max(1.5, (value / most) * (BARS.panel - BARS.label - BARS.value));
  const weight = isOurs ? ' font-weight="600"' : '';
  return [
    `<text x="${BARS.label - 8}" y="${y + 14}" text-anchor="end"${weight}>${client}</text>`,
    `<rect x="${BARS.label}" y="${y + 3}" width="${width.toFixed(1)}" height="${BARS.row - 7}" rx="2" fill="${isOurs ? BLUE : GRAY}"/>`,
    `<text x="${(BARS.label + width + 6).toFixed(1)}" y="${y + 14}"${weight}>${shortly(value)}</text>`,
  ].join('');
}

/** The median of each client in a job. */
function medians({ job, metric }, results) {
  return Object.entries(results[job] ?? {}).flatMap(([client, rounds]) => {
    const reached = summary(rounds.map((round) => round[metric]));
    return reached && client !== 'floor' ? [[client, reached.median]] : [];
  });
}

function barPanel({ title, under }, values, at) {
  const most = Math.max(...values.map(([, value]) => value));
  const x = (at % 2) * (WIDTH - BARS.panel);
  const y = Math.floor(at / 2) * BARS_HEIGHT;
  return [
    `<g transform="translate(${x} ${y})">`,
    `<text x="${BARS.label}" y="18" font-size="14" font-weight="600">${title}</text>`,
    `<text x="${BARS.label}" y="36">${under}</text>`,
    ...values.map((value, row) => bar(value, row, most)),
    '</g>',
  ].join('\n');
}

/** Bars for the results of a benchmark run: the traffic of an indexer by its patches, then µs per call by client. */
function barChart(results, traffic) {
  const ofTraffic = TRAFFIC_PANELS.map((panel) => [panel, Object.entries(traffic[panel.part]).map(([way, result]) => [way, panel.of(result)])]);
  const ofCalls = BAR_PANELS.map((panel) => [panel, medians(panel, results)]);
  const panels = [...ofTraffic, ...ofCalls].map(([panel, values], at) => barPanel(panel, values, at));
  const height = Math.ceil(panels.length / 2) * BARS_HEIGHT;
  return svg(height, 'The traffic of an indexer on axios and with gun-native; CPU time per call, gun-native and its peers', panels);
}

const MB = 2 ** 20;
const LINES = { left: 56, right: 116, panel: 200, gap: 56, top: 34 };

const percentOf = (part, whole) => (whole === 0 ? 0 : (100 * part) / whole);

/** The lines of each panel; `of` gets a sample and the one an hour before it. */
const LINE_PANELS = [
  {
    title: 'memory, MB',
    lines: [
      { name: 'rss', colour: BLUE, of: ({ rss }) => rss / MB },
      { name: 'heap used', colour: '#2da44e', of: ({ heapUsed }) => heapUsed / MB },
      { name: 'external', colour: '#cf222e', of: ({ external }) => external / MB },
    ],
  },
  {
    title: 'hit rate, %',
    most: 100,
    lines: [
      { name: 'since the start', colour: BLUE, of: ({ hits, total }) => percentOf(hits, total) },
      { name: 'last hour', colour: '#bf8700', of: (now, before) => percentOf(now.hits - before.hits, now.total - before.total) },
    ],
  },
];

const NOTHING = { hour: 0, hits: 0, total: 0 };

/** A round step that gives about four to eight marks. */
function stepFor(span) {
  const rough = span / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough);
}

function marks(most) {
  const step = stepFor(most);
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, at) => Number((at * step).toPrecision(6)));
}

function linePanel({ title, lines, most }, top, { options, samples, restarts }) {
  const before = samples.map((sample) => samples.findLast(({ hour }) => hour <= sample.hour - 1) ?? NOTHING);
  const series = lines.map((line) => ({ ...line, values: samples.map((sample, at) => line.of(sample, before[at])) }));
  const peak = most ?? 1.05 * Math.max(1, ...series.flatMap(({ values }) => values));
  const x = (hour) => (LINES.left + (hour / options.hours) * (WIDTH - LINES.left - LINES.right)).toFixed(1);
  const y = (value) => (top + LINES.panel - (value / peak) * LINES.panel).toFixed(1);
  const right = WIDTH - LINES.right;
  return [
    `<text x="${LINES.left}" y="${top - 12}" font-size="14" font-weight="600">${title}</text>`,
    ...marks(peak).map(
      (value) =>
        `<line x1="${LINES.left}" x2="${right}" y1="${y(value)}" y2="${y(value)}" stroke="${GRAY}" stroke-opacity="0.3"/>` +
        `<text x="${LINES.left - 8}" y="${Number(y(value)) + 4}" text-anchor="end">${value}</text>`,
    ),
    ...marks(options.hours).map((hour) => `<text x="${x(hour)}" y="${top + LINES.panel + 18}" text-anchor="middle">${hour} h</text>`),
    ...restarts.map((hour) => `<line x1="${x(hour)}" x2="${x(hour)}" y1="${top}" y2="${top + LINES.panel}" stroke="${GRAY}" stroke-dasharray="3 3"/>`),
    ...series.map(({ colour, values }) => {
      const points = samples.map(({ hour }, at) => `${x(hour)},${y(values[at])}`).join(' ');
      return `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="1.5"/>`;
    }),
    ...series.map(({ name, colour }, at) => `<text x="${right + 12}" y="${top + 14 + 18 * at}" fill="${colour}">${name}</text>`),
    `<text x="${right + 12}" y="${top + 14 + 18 * series.length}" fill="${GRAY}">┆ relay restarts</text>`,
    `<text x="${right + 12}" y="${top + LINES.panel + 18}" fill="${GRAY}">hours simulated</text>`,
  ].join('\n');
}

/** Memory and hit rate over the hours of a soak run. */
function lineChart(run) {
  const panels = LINE_PANELS.map((each, at) => linePanel(each, LINES.top + at * (LINES.panel + LINES.gap), run));
  const label = `Memory and hit rate over ${run.options.hours} hours; restarts of the relay are dashed`;
  return svg(LINES.top + LINE_PANELS.length * (LINES.panel + LINES.gap), label, panels);
}

const SCALING_PANELS = [
  { title: 'a hit', under: 'by souls in the cache', job: 'scaling-cached' },
  { title: 'a caller', under: 'by callers of one soul', job: 'scaling-callers' },
  { title: 'a record of 1.6 KB', under: 'by requests in flight', job: 'scaling-in-flight' },
];
const SCALING = { panel: 224, gap: 46, left: 60, top: 52, height: 200, least: 10, most: 1e5 };
const TIMES = { '10 ns': 10, '100 ns': 100, '1 µs': 1e3, '10 µs': 1e4, '100 µs': 1e5 };

function scalingPanel({ title, under, job }, at, results) {
  const [{ points, slope }] = results[job]['gun-native'];
  const left = SCALING.left + at * (SCALING.panel + SCALING.gap);
  const bottom = SCALING.top + SCALING.height;
  const [first, last] = [points[0].size, points.at(-1).size];
  const x = (size) => (left + (Math.log10(size / first) / Math.log10(last / first)) * SCALING.panel).toFixed(1);
  const y = (ns) => (bottom - (Math.log10(ns / SCALING.least) / Math.log10(SCALING.most / SCALING.least)) * SCALING.height).toFixed(1);
  const ticks = Object.entries(TIMES).map(([label, ns]) => {
    return `<line x1="${left}" x2="${left + SCALING.panel}" y1="${y(ns)}" y2="${y(ns)}" stroke="${GRAY}" stroke-opacity="0.3"/>`
      + (at === 0 ? `<text x="${left - 6}" y="${Number(y(ns)) + 4}" text-anchor="end">${label}</text>` : '');
  });
  return [
    `<text x="${left}" y="18" font-size="14" font-weight="600">${title}: slope ${slope.toFixed(2)}</text>`,
    `<text x="${left}" y="36">main thread, ${under}</text>`,
    ...ticks,
    ...points.map(({ size }) => `<text x="${x(size)}" y="${bottom + 18}" text-anchor="middle">${shortSize(size)}</text>`),
    `<polyline points="${points.map(({ size, ns }) => `${x(size)},${y(ns)}`).join(' ')}" fill="none" stroke="${BLUE}" stroke-width="2"/>`,
    ...points.map(({ size, ns }) => `<circle cx="${x(size)}" cy="${y(ns)}" r="3" fill="${BLUE}"/>`),
  ].join('\n');
}

const shortSize = (size) => (size >= 1e6 ? `${size / 1e6} M` : size >= 1e4 ? `${size / 1e3} k` : String(size));

/** The cost of one of many, by how many there are, on logarithmic axes: flat is good. */
function scalingChart(results) {
  const panels = SCALING_PANELS.map((panel, at) => scalingPanel(panel, at, results));
  return svg(SCALING.top + SCALING.height + 30, 'Cost of one call by the size of the cache, the number of callers and of requests in flight', panels);
}

module.exports = { barChart, lineChart, scalingChart };
