'use strict';

// The clients of this test have a store and a cache of records.
jest.mock('../lib/client', () => require('./helpers/figures').clientModule());

const fs = require('fs');
const path = require('path');
const { Registry, collectDefaultMetrics } = require('prom-client');
const { ROOT } = require('./helpers/child');
const { setup } = require('./helpers/setup');
const { registerMetrics } = require('../lib/metrics');
const dashboard = require('../monitoring/dashboard');

const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8');
const RULES = read('monitoring/alerts/gun-native.rules.yml');
const RULE_TESTS = read('monitoring/alerts/gun-native.test.yml');
const PANELS = JSON.parse(read('monitoring/dashboards/gun-native.json')).panels;
const EXPRESSIONS = PANELS.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join('\n');

/** Every series that is there: names with the values of their labels, `{ name: { label: [value, ...] } }`. */
async function series() {
  const { client } = await setup();
  const register = new Registry();
  registerMetrics(register, client);
  collectDefaultMetrics({ register });
  const known = {};
  for (const { name, values } of await register.getMetricsAsJSON()) {
    for (const { metricName = name, labels } of values) {
      known[metricName] ??= { instance: [], job: [] };
      for (const [label, value] of Object.entries(labels)) (known[metricName][label] ??= []).push(String(value));
    }
  }
  return known;
}

/** What a text asks for: `[name, matchers]`. */
function selectors(text) {
  const names = /\b((?:gun_native|process|nodejs)_[a-z_0-9]+)(?:\{([^}]*)\})?/g;
  return [...text.matchAll(names)].map(([, name, matchers = '']) => [name, [...matchers.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)]]);
}

test.each([
  ['dashboard', EXPRESSIONS],
  ['alerts', RULES],
  ['tests of the alerts', RULE_TESTS],
])('in the %s stand series, labels and values that are there', async (_what, text) => {
  const known = await series();
  const asked = selectors(text);
  expect(asked.length).toBeGreaterThan(10);
  for (const [name, matchers] of asked) {
    expect(Object.keys(known)).toContain(name);
    for (const [, label, , pattern] of matchers) {
      expect(Object.keys(known[name])).toContain(label);
      if (['client', 'instance', 'job', 'relay'].includes(label)) continue;
      for (const value of pattern.split('|')) expect(known[name][label]).toContain(value);
    }
  }
});

test('every metric is drawn or watched over', async () => {
  const asked = new Set(selectors(`${EXPRESSIONS}\n${RULES}`).map(([name]) => name.replace(/_(bucket|sum|count)$/, '')));
  const own = Object.keys(await series()).filter((name) => name.startsWith('gun_native'));
  const families = new Set(own.map((name) => name.replace(/_(bucket|sum|count)$/, '')));
  const undrawn = [...families].filter((name) => !asked.has(name));
  // The life of an entry is a setting.
  expect(undrawn).toEqual(['gun_native_cache_ttl_seconds']);
});

test('the dashboard is what monitoring/dashboard.js makes', () => {
  expect(fs.readFileSync(dashboard.FILE, 'utf8')).toBe(dashboard.text());
});

test('panels have unique names and do not overlap', () => {
  const cells = PANELS.map(({ gridPos: { x, y } }) => `${x},${y}`);
  expect(new Set(cells).size).toBe(PANELS.length);
  expect(new Set(PANELS.map(({ title }) => title)).size).toBe(PANELS.length);
  for (const { gridPos: { x, w } } of PANELS) expect(x + w).toBeLessThanOrEqual(24);
});

test('every panel says what it shows, has a unit and thresholds; the first row is about health', () => {
  for (const { title, description, fieldConfig: { defaults } } of PANELS) {
    expect([title, typeof description, typeof defaults.unit]).toEqual([title, 'string', 'string']);
    expect(defaults.thresholds.steps[0].value).toBeNull();
  }
  expect(PANELS.filter(({ gridPos }) => gridPos.y === 0).map(({ type }) => type)).toEqual(Array(6).fill('stat'));
});

test('every alert says what to do, and leads to a heading of docs/deployment.md', () => {
  const headings = [...read('docs/deployment.md').matchAll(/^#+ (.*)$/gm)]
    .map(([, heading]) => heading.toLowerCase().replace(/[^\w -]/g, '').replaceAll(' ', '-'));
  const urls = [...RULES.matchAll(/runbook_url: docs\/deployment\.md#(\S+)/g)].map(([, anchor]) => anchor);
  expect(urls).toHaveLength([...RULES.matchAll(/- alert:/g)].length);
  for (const anchor of urls) expect(headings).toContain(anchor);
});

test('every alert has a test in which it fires', () => {
  const alerts = [...RULES.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  expect(alerts).toHaveLength(7);
  for (const alert of alerts) {
    const fires = new RegExp(`alertname: ${alert}\\n\\s+exp_alerts:\\n\\s+- exp_labels`);
    expect(RULE_TESTS).toMatch(fires);
  }
});
