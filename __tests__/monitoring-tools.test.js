'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { TOOLS } = require('../monitoring/tools');
const { ROOT, runFile } = require('./helpers/child');

const SCRIPT = 'monitoring/test.js';

test('npm run test:observe reports what is not installed and fails', async () => {
  const { code, stdout, stderr } = await runFile(SCRIPT, { env: { PATH: '' } });
  const advice = 'On Debian and Ubuntu: apt-get install prometheus chromium';
  expect([code, stdout, stderr]).toEqual([1, '', `Not found: promtool, prometheus, chromium. ${advice}\n`]);
});

test('where nothing is absent it runs every test of monitoring/', async () => {
  const tools = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-tools-'));
  for (const tool of Object.keys(TOOLS)) fs.writeFileSync(path.join(tools, tool), '', { mode: 0o755 });
  const env = { PATH: `${tools}${path.delimiter}${process.env.PATH}` };
  const { code, stdout } = await runFile(SCRIPT, { env, args: ['--listTests'] });
  fs.rmSync(tools, { recursive: true });
  const files = fs.readdirSync(path.join(ROOT, 'monitoring')).filter((name) => name.endsWith('.test.js'));
  expect(files.length).toBeGreaterThan(0);
  expect([code, stdout.trim().split('\n').map((file) => path.basename(file)).sort()]).toEqual([0, files.sort()]);
});
