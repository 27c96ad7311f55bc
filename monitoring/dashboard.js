'use strict';

// node monitoring/dashboard.js: writes monitoring/dashboards/gun-native.json, which is what this file says in the words of Grafana.

const fs = require('fs');
const path = require('path');

const FILE = path.join(__dirname, 'dashboards', 'gun-native.json');
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
/** Grafana's grid is 24 columns wide. */
const COLUMNS = 3;
const SIZE = { w: 24 / COLUMNS, h: 8 };

/** Series of the chosen clients; with `more` matchers besides. */
const of = (name, more = '') => `gun_native_${name}{instance=~"$instance", client=~"$client"${more && `, ${more}`}}`;
const rate = (name, more) => `sum(rate(${of(name, more)}[$__rate_interval]))`;
const rateBy = (label, name, more) => `sum by (${label}) (rate(${of(name, more)}[$__rate_interval]))`;
const hourly = (name, more) => `sum(increase(${of(name, more)}[1h]))`;
/** The last day's average of an hour. */
const usual = (name, more) => `sum(increase(${of(name, more)}[1d])) / 24`;
const quantile = (part, name) => `histogram_quantile(${part}, ${rateBy('le', `${name}_duration_seconds_bucket`)})`;
const ofProcess = (name) => `${name}{instance=~"$instance"}`;
const MISSING = 'outcome="missing"';

/** Title, unit, what is drawn by name, and what sets the panel apart from a plain graph. */
const PANELS = [
  ['Hit rate', 'percentunit', { 'hit rate': `${rate('cache_hits_total')} / ${rate('calls_total')}` }, { max: 1 }],
  ['Cache size and capacity', 'short', { size: of('cache_size'), capacity: of('cache_capacity') }, { byClient: true }],
  ['Calls by outcome', 'ops', { '{{outcome}}': rateBy('outcome', 'calls_total') }, { stack: true }],

  [
    '404 volume per hour',
    'short',
    { 'last hour': hourly('fetches_total', MISSING), 'usual hour of the last day': usual('fetches_total', MISSING) },
    { about: 'Souls that the relay was asked for and said it does not have: each costs it three seconds.' },
  ],
  [
    '404 trend',
    'percentunit',
    { 'of the usual': `${hourly('fetches_total', MISSING)} / (${usual('fetches_total', MISSING)})` },
    { type: 'stat', about: 'The last hour against the average hour of the last day. Above 100% the volume rises.' },
  ],
  [
    'Requests saved per hour',
    'short',
    { 'by the cache': hourly('cache_hits_total'), 'by sharing': hourly('coalesced_total') },
    { stack: true, about: 'Calls that needed no request of their own.' },
  ],

  [
    'Latency of requests',
    's',
    { '{{le}}': `sum by (le) (increase(${of('request_duration_seconds_bucket')}[$__rate_interval]))` },
    { type: 'heatmap', about: 'The relay answers what it has at once, and says what it has not after three seconds.' },
  ],
  [
    'Latency quantiles',
    's',
    {
      'request p50': quantile(0.5, 'request'),
      'request p90': quantile(0.9, 'request'),
      'request p99': quantile(0.99, 'request'),
      'call p99': quantile(0.99, 'call'),
    },
  ],
  ['Requests by status', 'reqps', { '{{status_class}}': rateBy('status_class', 'requests_total') }, { stack: true }],

  [
    'Retries and errors',
    'ops',
    {
      retries: rate('retries_total'),
      'given up after retries': rate('retries_exhausted_total'),
      '{{code}}': rateBy('code', 'request_errors_total'),
    },
  ],
  ['In flight and queued', 'short', { 'in flight': of('requests_in_flight'), queued: of('requests_queued') }, { byClient: true }],
  [
    'Changes of the cache',
    'ops',
    {
      inserts: rate('cache_inserts_total'),
      evictions: rate('cache_evictions_total'),
      expirations: rate('cache_expirations_total'),
      invalidations: rate('cache_invalidations_total'),
    },
  ],

  [
    'Memory of the host',
    'bytes',
    {
      resident: ofProcess('process_resident_memory_bytes'),
      'heap used': ofProcess('nodejs_heap_size_used_bytes'),
      external: ofProcess('nodejs_external_memory_bytes'),
    },
    { about: 'From collectDefaultMetrics of prom-client.' },
  ],
  [
    'External memory to heap',
    'percentunit',
    { ratio: `${ofProcess('nodejs_external_memory_bytes')} / ${ofProcess('nodejs_heap_size_used_bytes')}` },
    { about: 'More than 150% for long is a leak of buffers.' },
  ],
];

function panel([title, unit, series, { type = 'timeseries', stack = false, byClient = false, max, about } = {}], index) {
  const [x, y] = [(index % COLUMNS) * SIZE.w, Math.floor(index / COLUMNS) * SIZE.h];
  const targets = Object.entries(series).map(([name, expr], at) => ({
    refId: String.fromCharCode('A'.charCodeAt(0) + at),
    datasource: DATASOURCE,
    expr,
    legendFormat: byClient ? `${name} {{instance}} {{client}}` : name,
    format: type === 'heatmap' ? 'heatmap' : 'time_series',
  }));
  const custom = stack ? { custom: { stacking: { mode: 'normal' }, fillOpacity: 20 } } : {};
  return {
    id: index + 1,
    type,
    title,
    ...(about && { description: about }),
    datasource: DATASOURCE,
    gridPos: { ...SIZE, x, y },
    fieldConfig: { defaults: { unit, min: 0, ...(max && { max }), ...custom }, overrides: [] },
    options: type === 'heatmap' ? { calculate: false, yAxis: { unit }, color: { mode: 'scheme', scheme: 'Oranges' } } : {},
    targets,
  };
}

/** A choice of the values of a label. */
function choice(label) {
  return {
    name: label,
    type: 'query',
    datasource: DATASOURCE,
    query: { query: `label_values(gun_native_cache_size, ${label})`, refId: label },
    refresh: 2,
    multi: true,
    includeAll: true,
    current: { text: 'All', value: '$__all' },
  };
}

function dashboard() {
  return {
    uid: 'gun-native',
    title: 'gun-native',
    description: 'Records from a GUN relay: what is asked, what the cache of missing souls saves, how the relay answers.',
    tags: ['gun-native'],
    schemaVersion: 38,
    editable: true,
    time: { from: 'now-6h', to: 'now' },
    refresh: '30s',
    templating: {
      list: [{ name: 'datasource', type: 'datasource', query: 'prometheus' }, choice('instance'), choice('client')],
    },
    panels: PANELS.map(panel),
  };
}

/** The file's text. */
function text() {
  return `${JSON.stringify(dashboard(), null, 2)}\n`;
}

if (require.main === module) fs.writeFileSync(FILE, text());

module.exports = { FILE, text };
