'use strict';

// The charts of the last ten minutes, with uPlot. They read `points` in main.js.

const CHARTS = [
  {
    title: 'Calls per second',
    format: rate,
    series: [['found', 'found'], ['missing', 'missing'], ['cached', 'from the cache', '--cached', [5, 4]], ['failed', 'failed']],
    least: 1,
  },
  { title: 'Failed, of the calls that asked the relay', format: percent, series: [['failedShare', 'failed', '--failed']], range: [0, 1], filled: true },
  { title: 'Response time of the relay', format: time, series: [['p50', 'p50', '--found'], ['p99', 'p99', '--p99', [5, 4]]], isLog: true },
  { title: 'Requests', format: integer, isWhole: true, series: [['inFlight', 'in flight', '--missing'], ['queued', 'queued', '--p99', [5, 4]]], least: 4 },
];

/** The elements of the charts, once there are figures. */
let drawn;

function drawCharts() {
  if (drawn === undefined) drawn = CHARTS.map(boxOf);
  const now = Date.now() / 1_000;
  const times = points.map(({ at }) => at / 1_000);
  element('band').hidden = !points.some(({ isOpen }) => isOpen);
  for (const chart of drawn) {
    const columns = chart.series.map(([key]) => points.map((point) => (point[key] === undefined ? null : point[key])));
    chart.empty.hidden = points.length > 1;
    if (!chart.plot) chart.plot = plotOf(chart);
    chart.plot.setData([times, ...columns], false);
    chart.plot.setScale('x', { min: now - SHOWN_MS / 1_000, max: now });
    describe(chart);
  }
}

/** Heading, legend and plot area. */
function boxOf(chart) {
  const box = document.createElement('div');
  box.className = 'chart';
  const heading = document.createElement('h3');
  heading.textContent = chart.title;
  const legend = document.createElement('ul');
  const values = chart.series.map(([key, label, colour = `--${key}`, dash]) => {
    const entry = document.createElement('li');
    const value = document.createElement('b');
    entry.style.setProperty('--series', `var(${colour})`);
    if (dash) entry.style.setProperty('--dash', 'dashed');
    entry.append(`${label} `, value);
    legend.append(entry);
    return value;
  });
  const place = document.createElement('div');
  place.className = 'plot';
  place.tabIndex = 0;
  place.setAttribute('role', 'img');
  const empty = document.createElement('p');
  empty.textContent = 'Collecting figures…';
  place.append(empty);
  place.addEventListener('keydown', (event) => move(made, event));
  place.addEventListener('blur', () => made.plot && made.plot.setCursor({ left: -10, top: -10 }));
  box.append(heading, legend, place);
  element('charts').append(box);
  const made = { ...chart, place, empty, values, plot: undefined };
  new ResizeObserver(() => made.plot && made.plot.setSize(sizeOf(place))).observe(place);
  return made;
}

function sizeOf({ clientWidth, clientHeight }) {
  return { width: clientWidth, height: clientHeight };
}

function plotOf({ place, series, format, range, least, filled, isLog, isWhole, values }) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const size = parseFloat(style.fontSize);
  const font = `${Math.round(0.75 * size)}px ${getComputedStyle(document.body).fontFamily}`;
  const axis = { stroke: colour('--quiet'), font, grid: { stroke: colour('--grid'), width: 1 }, ticks: { show: false } };
  const clock = (seconds) => new Date(1_000 * seconds).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false });
  const options = {
    ...sizeOf(place),
    padding: [Math.round(0.6 * size), Math.round(0.9 * size), 0, 0],
    legend: { show: false },
    cursor: { sync: { key: 'gun-native' }, drag: { x: false, y: false }, y: false, points: { size: 7 } },
    scales: { x: { time: true, auto: false }, y: isLog ? { distr: 3, range: decades } : { range: range || ((plot, min, max) => [0, Math.max(least, 1.1 * (max || 0))]) } },
    axes: [
      { ...axis, space: 4.5 * size, size: 1.6 * size, gap: 0.3 * size, incrs: [60, 120, 300], values: (plot, splits) => splits.map(clock) },
      {
        ...axis,
        space: 2.2 * size,
        size: (plot, labels) => widthOf(plot, labels, font, size),
        values: (plot, splits) => splits.map((split) => tick(split, format)),
        ...(isWhole && { incrs: WHOLE }),
        ...(isLog && { grid: { ...axis.grid, filter: (plot, splits) => splits.map((split) => (Number.isInteger(Math.log10(split)) ? split : null)) } }),
      },
    ],
    series: [
      {},
      ...series.map(([key, label, name = `--${key}`, dash]) => ({
        label,
        stroke: colour(name),
        width: key.startsWith('failed') ? 2.5 : 2,
        dash,
        points: { show: false },
        ...(filled && { fill: `${colour(name)}33` }),
      })),
    ],
    hooks: {
      drawClear: [(plot) => drawBands(plot, colour('--band'))],
      setCursor: [(plot) => showValues(plot, series, values, format)],
    },
  };
  return new uPlot(options, [[]], place);
}

/** Response times reach from a millisecond to half a minute, so the range is powers of ten around the data. */
function decades(plot, min, max) {
  return [10 ** Math.floor(Math.log10(min || 0.001)), 10 ** Math.ceil(Math.log10(max || 1))];
}

const WHOLE = [1, 2, 5].flatMap((digit) => [0, 1, 2, 3, 4].map((zeros) => digit * 10 ** zeros)).sort((one, other) => one - other);

/** A label of the axis, a round number. On a log scale only powers of ten have labels. */
function tick(value, format) {
  if (value === null) return '';
  if (format === percent) return `${Math.round(100 * value)}%`;
  if (format === time) return value < 1 ? `${Number((1_000 * value).toPrecision(3))} ms` : `${Number(value.toPrecision(3))} s`;
  return value.toLocaleString('en', { maximumFractionDigits: 2 });
}

/** The width of the longest label. */
function widthOf(plot, labels, font, size) {
  plot.ctx.save();
  plot.ctx.font = font;
  const widest = Math.max(0, ...(labels || []).map((label) => plot.ctx.measureText(label).width));
  plot.ctx.restore();
  return Math.ceil(widest) + Math.round(1.1 * size);
}

/** Marks the time in which the circuit was open, behind the lines. */
function drawBands(plot, colour) {
  const { ctx, bbox } = plot;
  const x = (at) => Math.min(Math.max(plot.valToPos(at / 1_000, 'x', true), bbox.left), bbox.left + bbox.width);
  ctx.save();
  ctx.fillStyle = colour;
  points.forEach((point, index) => {
    if (!point.isOpen) return;
    const from = x(index > 0 ? points[index - 1].at : point.at);
    ctx.fillRect(from, bbox.top, x(point.at) - from, bbox.height);
  });
  ctx.restore();
}

/** Updates the legend: the values under the cursor, or the latest ones. */
function showValues(plot, series, values, format) {
  const index = plot.cursor.left >= 0 ? plot.cursor.idx : points.length - 1;
  series.forEach(([key], at) => {
    const value = points[index] && points[index][key];
    const text = value === undefined || value === null ? '–' : format(value);
    if (values[at].textContent !== text) values[at].textContent = text;
  });
}

/** A description of the chart for screen readers. */
function describe({ place, plot, title, series, values, format }) {
  showValues(plot, series, values, format);
  const told = series.map(([key, label]) => {
    const all = points.map((point) => point[key]).filter((value) => value !== undefined && value !== null);
    return all.length === 0 ? `${label}: no values` : `${label}: ${format(all[all.length - 1])} now, at most ${format(Math.max(...all))}`;
  });
  place.setAttribute('aria-label', `${title}, last 10 minutes. ${told.join('; ')}`);
}

/** Arrow keys move the cursor like the pointer. */
function move({ plot }, event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step || !plot || points.length === 0) return;
  event.preventDefault();
  const from = plot.cursor.left >= 0 ? plot.cursor.idx : points.length - 1;
  const index = Math.min(Math.max(from + step, 0), points.length - 1);
  plot.setCursor({ left: plot.valToPos(points[index].at / 1_000, 'x'), top: 10 });
}

/** Creates the plots again, because they read colours and sizes when they are created. */
function remake() {
  for (const chart of drawn || []) {
    if (chart.plot) chart.plot.destroy();
    chart.plot = undefined;
  }
  if (known.stats) draw();
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', remake);
