'use strict';

// bench/results.svg: bars of main-thread µs per call for what matters most, and of the whole process. Its colours have
// enough contrast on white and on near-black, because a picture in a README cannot ask which theme the page has.

const { summary } = require('../statistics');

const PANELS = [
  { title: 'found, 1.6 KB, 32 at a time', under: 'main thread, µs per call', job: 'found-32', metric: 'mainUsPerCall' },
  { title: 'missing, 32 at a time', under: 'main thread, µs per call', job: 'missing-32', metric: 'mainUsPerCall' },
  { title: 'batches of 56, found', under: 'main thread, µs per record', job: 'batch-found', metric: 'mainUsPerCall' },
  { title: 'found, 1.6 KB, 32 at a time', under: 'whole process, µs per call', job: 'found-32', metric: 'processUsPerCall' },
];

const TEXT = '#6e7781';
const PEER = '#8b949e';
const OURS = '#2f81f7';

const WIDTH = 860;
const PANEL_WIDTH = 410;
const LABEL_WIDTH = 118;
const VALUE_WIDTH = 52;
const ROW = 22;
const HEAD = 46;
const BARS = 6;
const PANEL_HEIGHT = HEAD + BARS * ROW + 20;

function bar([client, value], at, most) {
  const ours = client.startsWith('gun-native');
  const y = HEAD + at * ROW;
  const width = Math.max(1.5, (value / most) * (PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH));
  const weight = ours ? ' font-weight="600"' : '';
  return [
    `<text x="${LABEL_WIDTH - 8}" y="${y + 14}" text-anchor="end"${weight}>${client}</text>`,
    `<rect x="${LABEL_WIDTH}" y="${y + 3}" width="${width.toFixed(1)}" height="${ROW - 7}" rx="2" fill="${ours ? OURS : PEER}"/>`,
    `<text x="${(LABEL_WIDTH + width + 6).toFixed(1)}" y="${y + 14}"${weight}>${value < 10 ? value.toFixed(1) : value.toFixed(0)}</text>`,
  ].join('');
}

function panel({ title, under, job, metric }, at, results) {
  const values = Object.entries(results[job] ?? {}).flatMap(([client, rounds]) => {
    const reached = summary(rounds.map((round) => round[metric]));
    return reached ? [[client, reached.median]] : [];
  });
  const most = Math.max(...values.map(([, value]) => value));
  const x = (at % 2) * (WIDTH - PANEL_WIDTH);
  const y = Math.floor(at / 2) * PANEL_HEIGHT;
  return [
    `<g transform="translate(${x} ${y})">`,
    `<text x="${LABEL_WIDTH}" y="18" font-size="14" font-weight="600">${title}</text>`,
    `<text x="${LABEL_WIDTH}" y="36">${under}</text>`,
    ...values.map((value, row) => bar(value, row, most)),
    '</g>',
  ].join('\n');
}

function chart(results) {
  const height = Math.ceil(PANELS.length / 2) * PANEL_HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="CPU time per call, gun-native and its peers" font-family="system-ui, sans-serif" font-size="12" fill="${TEXT}">`,
    ...PANELS.map((each, at) => panel(each, at, results)),
    '</svg>',
    '',
  ].join('\n');
}

module.exports = { chart };
