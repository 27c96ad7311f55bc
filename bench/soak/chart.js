'use strict';

// soak.svg: memory and hit rate over the hours. The colours have enough contrast on white and on near-black.

const MB = 2 ** 20;
const TEXT = '#6e7781';
const GRID = '#8b949e';
const WIDTH = 860;
const LEFT = 56;
const RIGHT = 116;
const PANEL = 200;
const GAP = 56;
const TOP = 34;

const percentOf = (part, whole) => (whole === 0 ? 0 : (100 * part) / whole);

/** The lines of each panel; `of` gets a sample and the one an hour before it. */
const PANELS = [
  {
    title: 'memory, MB',
    lines: [
      { name: 'rss', colour: '#2f81f7', of: ({ rss }) => rss / MB },
      { name: 'heap used', colour: '#2da44e', of: ({ heapUsed }) => heapUsed / MB },
      { name: 'external', colour: '#cf222e', of: ({ external }) => external / MB },
    ],
  },
  {
    title: 'hit rate, %',
    most: 100,
    lines: [
      { name: 'since the start', colour: '#2f81f7', of: ({ hits, total }) => percentOf(hits, total) },
      { name: 'last hour', colour: '#bf8700', of: (now, before) => percentOf(now.hits - before.hits, now.total - before.total) },
    ],
  },
];

const NOTHING = { hour: 0, hits: 0, total: 0 };

/** A round step that makes some four to eight marks. */
function stepFor(span) {
  const rough = span / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough);
}

function marks(most) {
  const step = stepFor(most);
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, at) => Number((at * step).toPrecision(6)));
}

function panel({ title, lines, most }, top, { options, samples, restarts }) {
  const before = samples.map((sample) => samples.findLast(({ hour }) => hour <= sample.hour - 1) ?? NOTHING);
  const series = lines.map((line) => ({ ...line, values: samples.map((sample, at) => line.of(sample, before[at])) }));
  const peak = most ?? 1.05 * Math.max(1, ...series.flatMap(({ values }) => values));
  const x = (hour) => (LEFT + (hour / options.hours) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const y = (value) => (top + PANEL - (value / peak) * PANEL).toFixed(1);
  const right = WIDTH - RIGHT;
  return [
    `<text x="${LEFT}" y="${top - 12}" font-size="14" font-weight="600">${title}</text>`,
    ...marks(peak).map(
      (value) =>
        `<line x1="${LEFT}" x2="${right}" y1="${y(value)}" y2="${y(value)}" stroke="${GRID}" stroke-opacity="0.3"/>` +
        `<text x="${LEFT - 8}" y="${Number(y(value)) + 4}" text-anchor="end">${value}</text>`,
    ),
    ...marks(options.hours).map((hour) => `<text x="${x(hour)}" y="${top + PANEL + 18}" text-anchor="middle">${hour} h</text>`),
    ...restarts.map((hour) => `<line x1="${x(hour)}" x2="${x(hour)}" y1="${top}" y2="${top + PANEL}" stroke="${GRID}" stroke-dasharray="3 3"/>`),
    ...series.map(({ colour, values }) => {
      const points = samples.map(({ hour }, at) => `${x(hour)},${y(values[at])}`).join(' ');
      return `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="1.5"/>`;
    }),
    ...series.map(({ name, colour }, at) => `<text x="${right + 12}" y="${top + 14 + 18 * at}" fill="${colour}">${name}</text>`),
  ].join('\n');
}

function chart(run) {
  const height = TOP + PANELS.length * (PANEL + GAP);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Memory and hit rate over ${run.options.hours} hours; restarts of the relay are dashed" font-family="system-ui, sans-serif" font-size="12" fill="${TEXT}">`,
    ...PANELS.map((each, at) => panel(each, TOP + at * (PANEL + GAP), run)),
    '</svg>',
    '',
  ].join('\n');
}

module.exports = { chart };
