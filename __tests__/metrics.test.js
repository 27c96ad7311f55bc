'use strict';

const { Registry, AggregatorRegistry, register: globalRegister } = require('prom-client');
const { missing, record, stall, status } = require('./helpers/answers');
const { runNode } = require('./helpers/child');
const { failureOf, newClient, newRelay, setup, thrownBy } = require('./helpers/setup');
const { registerMetrics } = require('../lib/metrics');

/** The values of a registry by name and labels but `client`: `{'calls_total{outcome="found"}': 1}`. */
async function scrape(register) {
  const values = {};
  for (const { name, values: all } of await register.getMetricsAsJSON()) {
    for (const { metricName = name, labels, value } of all) {
      const shown = Object.entries(labels).filter(([label]) => label !== 'client').map(([label, of]) => `${label}="${of}"`);
      const key = metricName.replace('gun_native_', '') + (shown.length > 0 ? `{${shown.join()}}` : '');
      values[key] = value;
    }
  }
  return values;
}

function registryOf(clients) {
  const register = new Registry();
  registerMetrics(register, clients);
  return register;
}

test('counters are what happened, from before the first scrape on', async () => {
  const answers = { found: record({}), bad: status(400), down: status(503), odd: status(302), slow: stall() };
  const { client } = await setup(answers);
  await client.getRecords(['found', 'gone', 'gone', 'bad', 'down', 'odd']);
  await client.getRecord('gone');
  await failureOf(client.getRecord('slow', { timeoutMs: 20 }));
  const values = await scrape(registryOf(client));
  expect(values).toMatchObject({
    'calls_total{outcome="found"}': 1,
    'calls_total{outcome="missing"}': 2,
    'calls_total{outcome="known_missing"}': 1,
    'calls_total{outcome="failed"}': 4,
    'calls_total{outcome="aborted"}': 0,
    'call_errors_total{code="ERR_GUN_STATUS"}': 3,
    'call_errors_total{code="ERR_GUN_TIMEOUT"}': 1,
    'call_duration_seconds_count': 8,
    coalesced_total: 1,
    'fetches_total{outcome="found"}': 1,
    'fetches_total{outcome="missing"}': 1,
    'fetches_total{outcome="failed"}': 4,
    retries_total: 2,
    retries_exhausted_total: 2,
    'requests_total{status_class="2xx"}': 1,
    'requests_total{status_class="3xx"}': 1,
    'requests_total{status_class="4xx"}': 2,
    'requests_total{status_class="5xx"}': 3,
    'request_errors_total{code="ERR_GUN_STATUS"}': 5,
    requests_in_flight: 0,
    requests_queued: 0,
    cache_hits_total: 1,
    cache_size: 1,
    cache_capacity: 10_000,
    cache_ttl_seconds: 3_600,
    cache_inserts_total: 1,
  });
});

test('histograms are cumulative, from 1 ms to 45 s, with the 3 s of the relay in view', async () => {
  const { client } = await setup({ a: missing() });
  await client.getRecord('a');
  await client.getRecord('a');
  const values = await scrape(registryOf(client));
  const bounds = Object.keys(values).map((key) => /^call_duration_seconds_bucket\{le="(.*)"\}$/.exec(key)).filter(Boolean);
  const numbers = bounds.map(([, bound]) => Number(bound.replace('+Inf', 'Infinity')));
  expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
  expect(numbers[0]).toBe(0.001);
  expect(numbers.slice(-2)).toEqual([45, Infinity]);
  expect(numbers.filter((bound) => bound >= 3 && bound <= 3.5)).toHaveLength(4);
  // The second call was answered from the cache and is counted in the lowest bucket.
  expect(values['call_duration_seconds_bucket{le="0.001"}']).toBeGreaterThanOrEqual(1);
  expect(values['call_duration_seconds_bucket{le="+Inf"}']).toBe(2);
  expect(values['call_duration_seconds_count']).toBe(2);
  expect(values['request_duration_seconds_count']).toBe(1);
  expect(values['request_duration_seconds_sum']).toBeGreaterThan(0);
});

test('the sum of outcomes is the count of the histogram at every scrape', async () => {
  const { client } = await setup();
  const register = registryOf(client);
  const sumOf = (values, name) =>
    Object.keys(values).filter((key) => key.startsWith(`${name}{`)).reduce((sum, key) => sum + values[key], 0);
  for (let round = 1; round <= 3; round += 1) {
    await client.getRecords(['a', `b ${round}`]);
    const values = await scrape(register);
    expect(sumOf(values, 'calls_total')).toBe(2 * round);
    expect(values.call_duration_seconds_count).toBe(2 * round);
    expect(sumOf(values, 'requests_total')).toBe(values.request_duration_seconds_count);
  }
});

test('clients are separated by name, and later ones are added', async () => {
  const relay = await newRelay();
  const [reads, rules] = [newClient({ relayUrl: relay.url }), newClient({ relayUrl: relay.url })];
  const register = registryOf({ reads });
  registerMetrics(register, { rules });
  await reads.getRecord('a');
  const text = await register.getSingleMetricAsString('gun_native_fetches_total');
  expect(text).toContain('gun_native_fetches_total{client="reads",outcome="missing"} 1');
  expect(text).toContain('gun_native_fetches_total{client="rules",outcome="missing"} 0');
  registerMetrics(register, { reads: rules });
  const again = await register.getSingleMetricAsString('gun_native_fetches_total');
  expect(again).toContain('gun_native_fetches_total{client="reads",outcome="missing"} 0');
});

test('a registry that was cleared can be used again', async () => {
  const { client } = await setup();
  const register = registryOf(client);
  register.clear();
  registerMetrics(register, client);
  expect(await register.metrics()).toContain('gun_native_cache_size{client="default"} 0');
});

test('without a registry the global one is used', async () => {
  registerMetrics(undefined, (await setup()).client);
  expect(await globalRegister.metrics()).toContain('gun_native_cache_size{client="default"} 0');
  globalRegister.clear();
});

test('a closed client is still in the metrics', async () => {
  const { client } = await setup();
  await client.getRecord('a');
  await client.close();
  expect(await scrape(registryOf(client))).toMatchObject({ cache_size: 1 });
});

test('no metric contains a soul', async () => {
  const { client } = await setup({ 'a-secret-soul': record({}), 'another-soul': status(400) });
  await client.getRecords(['a-secret-soul', 'another-soul', 'third-soul']);
  expect(await registryOf(client).metrics()).not.toContain('soul"');
});

test('both formats of prom-client name each metric once, and processes of a cluster can be added up', async () => {
  const { client } = await setup();
  await client.getRecord('a');
  const open = new Registry(Registry.OPENMETRICS_CONTENT_TYPE);
  registerMetrics(open, client);
  const text = await open.metrics();
  expect(text).toContain('# TYPE gun_native_calls counter\n');
  expect(text).toContain('gun_native_calls_total{client="default",outcome="missing"} 1\n');
  expect(text).toContain('gun_native_request_duration_seconds_bucket{le="+Inf",client="default"} 1\n');
  const types = text.match(/^# TYPE .*$/gm);
  expect(new Set(types).size).toBe(types.length);
  const worker = await registryOf(client).getMetricsAsJSON();
  const both = await AggregatorRegistry.aggregate([worker, worker]).metrics();
  expect(both).toContain('gun_native_calls_total{client="default",outcome="missing"} 2\n');
  expect(both).toContain('gun_native_request_duration_seconds_count{client="default"} 2\n');
});

test('an invalid registry or client is refused with its name', () => {
  const register = new Registry();
  for (const [given, says] of [
    [[5], 'register must be a Registry of prom-client, got 5'],
    [[{}], 'register must be a Registry'],
    [[register, 5], 'clients must be a GunClient or an object of them by name, got 5'],
    [[register, { reads: {} }], 'client reads must be a GunClient, got an object'],
  ]) {
    const error = thrownBy(() => registerMetrics(...given));
    expect(error.code).toBe('ERR_GUN_INVALID_ARGUMENT');
    expect(error.message).toContain(says);
  }
});

test('without prom-client the error names it, and the rest works', async () => {
  const source = `
    const Module = require('module');
    const resolve = Module._resolveFilename;
    Module._resolveFilename = function (name, ...rest) {
      if (name === 'prom-client') throw Object.assign(new Error('not there'), { code: 'MODULE_NOT_FOUND' });
      return resolve.call(this, name, ...rest);
    };
    const { metricsHandler, registerMetrics, statsHandler } = require('./metrics.js');
    for (const attempt of [metricsHandler, registerMetrics]) {
      try { attempt(); } catch (error) { console.log(error.code, error.message); }
    }
    console.log(typeof statsHandler());
  `;
  const line = 'MODULE_NOT_FOUND metrics for Prometheus need the package prom-client: npm install prom-client\n';
  const { code, stdout, stderr } = await runNode(source);
  expect([code, stdout, stderr]).toEqual([0, `${line}${line}function\n`, '']);
});
