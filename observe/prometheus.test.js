'use strict';

const { once } = require('events');
const http = require('http');
const { Registry, collectDefaultMetrics } = require('prom-client');
const { missing, record, status } = require('../__tests__/helpers/answers');
const { setup, sleep } = require('../__tests__/helpers/setup');
const { panels } = require('../dashboards/gun-native.json');
const { metricsHandler, registerMetrics } = require('../metrics');
const { startPrometheus } = require('./prometheus');

let prometheus;
let server;
afterEach(async () => {
  if (prometheus) await prometheus.close();
  if (server) await new Promise((resolve) => server.close(resolve).closeAllConnections());
});

/** An expression of the dashboard with what Grafana puts in. */
const filledIn = (expr) => expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(instance|client)/g, '.*');

/** The parts of an alert's expression, with comparisons that keep what does not fulfil them. */
const partsOf = (expr) => expr.split(/ (?:and|unless) /).map((part) => part.replaceAll(/ ([<>]=?) /g, ' $1 bool '));

test('Prometheus has data for every expression of the dashboard and of the alerts', async () => {
  const { client } = await setup({ a: record({}), bad: status(400), down: status(503), gone: missing() });
  const register = new Registry();
  registerMetrics(register, client);
  collectDefaultMetrics({ register });
  server = http.createServer(metricsHandler(register)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  prometheus = await startPrometheus([`127.0.0.1:${server.address().port}`]);

  // Traffic until two scrapes have seen what a third does not add to.
  const scraped = async () => {
    const [sample] = await prometheus.query('count_over_time(gun_native_cache_size[1m])');
    return sample ? Number(sample.value[1]) : 0;
  };
  for (let round = 0; (await scraped()) < 5; round += 1) {
    await client.getRecords(['a', 'a', 'bad', 'down', 'gone', `other ${round}`]);
    await sleep(100);
  }

  const alerts = await prometheus.rules();
  const drawn = panels.flatMap(({ targets }) => targets.map(({ expr }) => filledIn(expr)));
  const watched = alerts.flatMap(({ query }) => partsOf(query));
  expect([alerts.length, drawn.length]).toEqual([6, expect.any(Number)]);
  const without = [];
  for (const expr of [...drawn, ...watched]) {
    const values = (await prometheus.query(expr)).map(({ value }) => Number(value[1]));
    if (values.length === 0 || values.every(Number.isNaN)) without.push(expr);
  }
  expect(without).toEqual([]);
});
