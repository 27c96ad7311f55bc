'use strict';

const { spawn } = require('child_process');
const { once } = require('events');
const path = require('path');
const { sleep } = require('../__tests__/helpers/setup');
const { panels } = require('./dashboards/gun-native.json');
const { domOf } = require('./chromium');
const { api, query, rules } = require('./prometheus');

const RUN = path.join(__dirname, 'run.js');

let child;
afterEach(async () => {
  if (child.exitCode === null) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
});

/** Starts `npm run observe` and returns the addresses that it prints. */
async function observed() {
  const env = { ...process.env, GUN_PEERS: '' };
  child = spawn(process.execPath, [RUN], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  while (!output.includes('Ctrl-C')) await once(child.stdout, 'data');
  const at = (name) => new RegExp(`^${name}\\s+(http\\S+?),?(?:\\s|$)`, 'm').exec(output)[1];
  return { page: at('page'), stats: at('statistics'), metrics: at('metrics'), prometheus: new URL(at('Prometheus')).origin };
}

/** An expression of the dashboard with Grafana's variables replaced. */
const filledIn = (expr) => expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(instance|client)/g, '.*');

/** The parts of an alert's expression, without filtering by their comparisons. */
const partsOf = (expr) =>
  expr.split(/ (?:and|unless|or) /).map((part) => balanced(part).replaceAll(/ ([<>]=?|==) /g, ' $1 bool '));

/** A part without enclosing brackets. */
function balanced(part) {
  const count = (bracket) => part.split(bracket).length;
  if (count('(') > count(')')) return balanced(part.replace('(', ''));
  return count(')') > count('(') ? balanced(part.replace(/\)\s*$/, '')) : part.trim();
}

test('Prometheus has data for every expression of the dashboard and of the alerts, and the page shows it', async () => {
  const { page, stats, prometheus } = await observed();
  const valueOf = async (expr) => Number((await query(prometheus, expr))[0]?.value[1] ?? 0);
  // Long enough for changes: missing souls take three seconds.
  while ((await valueOf('sum(changes(gun_native_cache_hits_total[1m]))')) < 3) await sleep(200);

  const alerts = await rules(prometheus);
  expect(alerts).toHaveLength(7);
  // Panels of features that this client does not use are empty.
  const parts = { breaker: 'breaker_open', store: 'gun_native_store_', records: 'record_cache_', refreshed: 'refreshes_total' };
  const has = await (await fetch(new URL('/gun/stats', page))).json();
  const absent = Object.keys(parts).filter((part) => !(part in has || part in has.requests)).map((part) => parts[part]);
  // `mount(app)` alone has no metrics of the process: those are in a `register` of the host.
  absent.push('process_', 'nodejs_');
  const drawn = panels.flatMap(({ targets }) => targets.map(({ expr }) => filledIn(expr)));
  const watched = alerts.flatMap(({ query: expr }) => partsOf(expr));
  const without = [];
  for (const expr of [...drawn, ...watched].filter((expression) => !absent.some((part) => expression.includes(part)))) {
    const values = (await query(prometheus, expr)).map(({ value }) => Number(value[1]));
    if (values.length === 0 || values.every(Number.isNaN)) without.push(expr);
  }
  expect(without).toEqual([]);
  expect(alerts.filter(({ state }) => state === 'firing')).toEqual([]);
  const { activeTargets } = await api(`${prometheus}/api/v1/targets`);
  expect(activeTargets.map(({ health }) => health)).toEqual(['up']);

  const dom = await domOf(page);
  expect(dom).toMatch(/id="status"[^>]* data-level="(well|idle)"/);
  const { size } = await (await fetch(stats)).json();
  expect(size).toBeGreaterThan(0);
  expect(Number(/data-name="cached now"><th[^>]*>[^<]*<\/th><td>([\d,]+) of/.exec(dom)[1].replaceAll(',', ''))).toBeGreaterThan(0);
});

test('it ends with all that it started', async () => {
  const { page, prometheus } = await observed();
  child.kill('SIGINT');
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
  for (const url of [page, prometheus]) await expect(fetch(url)).rejects.toThrow('fetch failed');
});
