'use strict';

const { spawnSync } = require('child_process');
const path = require('path');
const { Registry } = require('prom-client');
const { record, status } = require('../__tests__/helpers/answers');
const { setup } = require('../__tests__/helpers/setup');
const { registerMetrics } = require('../lib/metrics');
const { find } = require('./tools');

const ALERTS = path.join(__dirname, 'alerts');

/** The result of promtool, `[code, output]`. */
function promtool(args, input) {
  const { status: code, stdout, stderr } = spawnSync(find('promtool'), args, { cwd: ALERTS, input, encoding: 'utf8' });
  return [code, stdout + stderr];
}

test('promtool finds no fault in the rules', () => {
  const [code, output] = promtool(['check', 'rules', '--lint-fatal', 'gun-native.rules.yml']);
  expect([code, output]).toEqual([0, expect.stringContaining('SUCCESS: 7 rules found')]);
});

test('the alerts fire where they should, and nowhere else', () => {
  expect(promtool(['test', 'rules', 'gun-native.test.yml'])).toEqual([0, expect.stringContaining('SUCCESS')]);
});

test('promtool finds no fault in the metrics', async () => {
  const { client } = await setup({ a: record({}), bad: status(400) });
  await client.getRecords(['a', 'bad', 'gone', 'gone']);
  const register = new Registry();
  registerMetrics(register, client);
  expect(promtool(['check', 'metrics'], await register.metrics())).toEqual([0, '']);
});
