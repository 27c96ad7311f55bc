'use strict';

const { runFile } = require('./helpers/child');

test('npm run test:observe names what is absent and fails', async () => {
  const { code, stdout, stderr } = await runFile('scripts/test-observe.js', { env: { PATH: '' } });
  const advice = 'On Debian and Ubuntu: apt-get install prometheus chromium';
  expect([code, stdout, stderr]).toEqual([1, '', `Not found: promtool, prometheus, chromium. ${advice}\n`]);
});
