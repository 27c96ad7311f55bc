'use strict';

// node monitoring/dashboard.js: generates monitoring/dashboards/gun-native.json for Grafana from the definitions in this file.

const fs = require('fs');
const path = require('path');

const FILE = path.join(__dirname, 'dashboards', 'gun-native.json');
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
/** Grafana's grid is 24 columns wide. */
const COLUMNS = 3;
const SIZE = { w: 24 / COLUMNS, h: 8 };
/** The first row: health figures, red if something is wrong. */
const HEALTH = { count: 6, h: 5 };

/** Series of the selected clients, with `more` matchers. */
const of = (name, more = '') => `gun_native_${name}{instance=~"$instance", client=~"$client"${more && `, ${more}`}}`;
const rate = (name, more) => `sum(rate(${of(name, more)}[$__rate_interval]))`;
const rateBy = (label, name, more) => `sum by (${label}) (rate(${of(name, more)}[$__rate_interval]))`;
const hourly = (name, more) => `sum(increase(${of(name, more)}[1h]))`;
/** The last day's average of an hour. */
const usual = (name, more) => `sum(increase(${of(name, more)}[1d])) / 24`;
const quantile = (part, name) => `histogram_quantile(${part}, ${rateBy('le', `${name}_duration_seconds_bucket`)})`;
const ofProcess = (name) => `${name}{instance=~"$instance"}`;
const MISSING = 'outcome="missing"';

/** A panel: title, unit, expressions by name, and differences to a plain graph. */
const PANELS = [
  [
    'Relay',
    'short',
    { '{{instance}} {{client}}': `max by (instance, client, relay) (${of('breaker_open')})` },
    {
      about: 'Whether the circuit of the relay is open: DOWN means that calls fail at once until the relay answers again.',
      thresholds: { 0: 'green', 1: 'red' },
      words: { 0: 'up', 1: 'DOWN' },
    },
  ],
  [
    'Failed calls',
    'percentunit',
    { failed: `${rate('calls_total', 'outcome="failed"')} / ${rate('calls_total', 'outcome=~"found|missing|failed"')}` },
    { about: 'Of the calls that the relay had to answer. 100% during an outage.', thresholds: { 0: 'green', 0.01: 'orange', 0.05: 'red' } },
  ],
  ['Calls', 'ops', { calls: rate('calls_total') }, { about: 'All calls, those answered from the cache included.', thresholds: { 0: 'blue' } }],
  [
    'Response time p99',
    's',
    { p99: quantile(0.99, 'request') },
    { about: 'Of the relay. About 3 s is normal if records are missing: the relay waits that long for its peers.', thresholds: { 0: 'green', 5: 'orange', 20: 'red' } },
  ],
  [
    'Queued',
    'short',
    { queued: `sum(${of('requests_queued')})` },
    { about: 'Requests that wait for a permit. A growing queue means that the relay is too slow for the load.', thresholds: { 0: 'green', 100: 'orange', 1000: 'red' } },
  ],
  [
    'Store',
    'short',
    { '{{instance}} {{kind}}': of('store_connected') },
    { about: 'Whether the embedded or shared store can be used. No data if none is configured.', thresholds: { 0: 'red', 1: 'green' }, words: { 0: 'lost', 1: 'connected' } },
  ],

  [
    'Hit rate',
    'percentunit',
    { 'hit rate': `${rate('cache_hits_total')} / ${rate('calls_total')}` },
    { max: 1, about: 'Calls answered from the cache of missing souls. After a restart it rises for an hour or two.' },
  ],
  [
    'Cache size and capacity',
    'short',
    { size: of('cache_size'), capacity: of('cache_capacity') },
    { byClient: true, about: 'Souls cached as missing. At its capacity, entries are evicted before their TTL ends.' },
  ],
  ['Calls by outcome', 'ops', { '{{outcome}}': rateBy('outcome', 'calls_total') }, { stack: true, about: 'known_missing came from the cache.' }],

  [
    '404 volume per hour',
    'short',
    { 'last hour': hourly('fetches_total', MISSING), 'usual hour of the last day': usual('fetches_total', MISSING) },
    { about: 'Requests that the relay answered with missing: each takes it 3 s.' },
  ],
  [
    '404 trend',
    'percentunit',
    { 'of the usual': `${hourly('fetches_total', MISSING)} / (${usual('fetches_total', MISSING)})` },
    { type: 'stat', about: 'The last hour relative to the average hour of the last day.', thresholds: { 0: 'green', 1.5: 'orange', 3: 'red' } },
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
    { type: 'heatmap', about: 'Found records come at once; missing ones are reported after 3 s.' },
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
    { about: 'A call includes its wait for a permit and its retries; a request is one HTTP exchange.' },
  ],
  ['Requests by status', 'reqps', { '{{status_class}}': rateBy('status_class', 'requests_total') }, { stack: true, about: '4xx are missing records; none is a request without an answer.' }],

  [
    'Retries and errors',
    'ops',
    {
      retries: rate('retries_total'),
      'given up after retries': rate('retries_exhausted_total'),
      '{{code}}': rateBy('code', 'request_errors_total'),
    },
    { about: 'Retries, fetches that failed after their last attempt, and failed requests by code.' },
  ],
  ['In flight and queued', 'short', { 'in flight': of('requests_in_flight'), queued: of('requests_queued') }, { byClient: true, about: 'Requests on the wire, at most maxInFlight, and those that wait for a permit.' }],
  [
    'Changes of the cache',
    'ops',
    {
      inserts: rate('cache_inserts_total'),
      refreshes: rate('cache_refreshes_total'),
      evictions: rate('cache_evictions_total'),
      expirations: rate('cache_expirations_total'),
      invalidations: rate('cache_invalidations_total'),
    },
    { about: 'Evictions near inserts: the cache is too small. Expirations near inserts: the TTL is short for this traffic.' },
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
    { about: 'More than 150% for long is a leak of buffers.', thresholds: { 0: 'green', 1.5: 'orange', 2: 'red' } },
  ],
  [
    'Failed calls by code',
    'ops',
    { '{{code}}': rateBy('code', 'call_errors_total') },
    { stack: true, about: 'What to do about each code is in the troubleshooting table of docs/deployment.md.' },
  ],

  [
    'Store operations',
    'ops',
    { 'hits {{kind}}': rateBy('kind', 'store_hits_total'), 'errors {{kind}}': rateBy('kind', 'store_errors_total') },
    { about: 'Calls answered by the store, and its operations that failed. No data if none is configured.' },
  ],
  [
    'Entries loaded from the store',
    'short',
    { loaded: of('store_loaded_entries') },
    { byClient: true, about: 'Entries that a process started with. 0 after a restart means a cold start: see the warn line.' },
  ],
  [
    'Cache of records: answers',
    'ops',
    { hits: rate('record_cache_hits_total'), stale: rate('record_cache_stale_total') },
    { about: 'Calls answered from found records; stale ones were expired while the relay failed. No data if it is off.' },
  ],

  [
    'Cache of records: memory',
    'bytes',
    { bytes: of('record_cache_bytes') },
    { byClient: true, about: 'Text of the cached records, at most records.maxBytes.' },
  ],
  [
    'Cache of records: size',
    'short',
    { records: of('record_cache_size') },
    { byClient: true, about: 'Number of cached records.' },
  ],
];

/** The position of a panel: the health row first, then three per row. */
function placeOf(index) {
  const { count, h } = HEALTH;
  if (index < count) return { w: 24 / count, h, x: (index * 24) / count, y: 0 };
  const [column, row] = [(index - count) % COLUMNS, Math.floor((index - count) / COLUMNS)];
  return { ...SIZE, x: column * SIZE.w, y: h + row * SIZE.h };
}

function panel([title, unit, series, extras = {}], index) {
  const isHealth = index < HEALTH.count;
  const { type = isHealth ? 'stat' : 'timeseries', stack = false, byClient = false, max, about, thresholds, words } = extras;
  const targets = Object.entries(series).map(([name, expr], at) => ({
    refId: String.fromCharCode('A'.charCodeAt(0) + at),
    datasource: DATASOURCE,
    expr,
    legendFormat: byClient ? `${name} {{instance}} {{client}}` : name,
    format: type === 'heatmap' ? 'heatmap' : 'time_series',
  }));
  const steps = Object.entries(thresholds || { 0: 'green' }).sort(([one], [other]) => one - other)
    .map(([value, color], at) => ({ color, value: at === 0 ? null : Number(value) }));
  const options = {
    timeseries: { tooltip: { mode: 'multi', sort: 'desc' }, legend: { displayMode: 'list', placement: 'bottom' } },
    heatmap: { calculate: false, yAxis: { unit }, color: { mode: 'scheme', scheme: 'Oranges' } },
    stat: { colorMode: 'background', graphMode: isHealth ? 'none' : 'area', reduceOptions: { calcs: ['lastNotNull'] } },
  };
  return {
    id: index + 1,
    type,
    title,
    description: about,
    datasource: DATASOURCE,
    gridPos: placeOf(index),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(max && { max }),
        thresholds: { mode: 'absolute', steps },
        ...(words && { mappings: [{ type: 'value', options: Object.fromEntries(Object.entries(words).map(([value, text]) => [value, { text }])) }] }),
        ...(type === 'timeseries' && {
          custom: {
            ...(stack && { stacking: { mode: 'normal' }, fillOpacity: 20 }),
            ...(thresholds && { thresholdsStyle: { mode: 'line' } }),
          },
        }),
      },
      overrides: [],
    },
    options: options[type],
    targets,
  };
}

/** A variable with the values of a label. */
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
    description: 'Records from a GUN relay: health, calls, the cache of missing souls, and how the relay answers.',
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

/** The generated file's text. */
function text() {
  return `${JSON.stringify(dashboard(), null, 2)}\n`;
}

if (require.main === module) fs.writeFileSync(FILE, text());

module.exports = { FILE, text };
