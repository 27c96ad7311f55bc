'use strict';

const fs = require('fs');
const path = require('path');
const { Registry } = require('prom-client');
const { ROOT, runNode } = require('./helpers/child');
const { newRelay, setup } = require('./helpers/setup');
const { registerMetrics } = require('../lib/metrics');

const DOCUMENT = fs.readFileSync(path.join(ROOT, 'docs/observability.md'), 'utf8');

test('every metric is in the document, and no other', async () => {
  const register = new Registry();
  registerMetrics(register, (await setup()).client);
  const names = register.getMetricsAsArray().map(({ name }) => name);
  expect([...new Set(DOCUMENT.match(/\bgun_native_\w+/g))].sort()).toEqual(names.sort());
});

test('every alert is in the document, and no other', () => {
  const rules = fs.readFileSync(path.join(ROOT, 'monitoring/alerts/gun-native.rules.yml'), 'utf8');
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  expect([...DOCUMENT.matchAll(/^\| `(Gun\w+)`/gm)].map(([, name]) => name)).toEqual(alerts);
});

test('the endpoints of the document work', async () => {
  const relay = await newRelay();
  const [, rest] = DOCUMENT.split('<!-- test: endpoints -->\n```js\n');
  const source = `
    ${rest.split('\n```')[0].replace("'gun-native/metrics'", "'./metrics.js'")}
    const server = app.listen(0, '127.0.0.1', async () => {
      const at = (path) => fetch('http://127.0.0.1:' + server.address().port + path);
      const stats = await (await at('/gun/stats')).json();
      const text = await (await at('/metrics')).text();
      console.log(stats.total, /^gun_native_cache_size/m.test(text), /^process_resident_memory_bytes/m.test(text));
      server.close();
      server.closeAllConnections();
    });
  `;
  const { stdout, stderr } = await runNode(source, { env: { GUN_PEERS: relay.url } });
  expect([stdout, stderr]).toEqual(['0 true true\n', '']);
});
