'use strict';

const { runNode, runFile } = require('./helpers/child');
const { describeWithValkey } = require('./helpers/valkey');

const DEMO = 'examples/demo.js';

test('the demo ends by itself and its table holds what it says', async () => {
  const { code, stdout, stderr } = await runFile(DEMO);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const row = (pass) => {
    const cells = stdout.split('\n').find((line) => line.startsWith(pass)).split(/ {2,}/);
    const [, time, calls, requests, hitRate, external] = cells;
    return { ms: parseInt(time, 10), calls: Number(calls), requests: Number(requests), hitRate, external };
  };
  // 7 workouts and 63 exercises, of which 56 are missing; ten callers each.
  expect(row('first')).toMatchObject({ calls: 700, requests: 70, hitRate: '0.0%' });
  expect(row('second')).toMatchObject({ calls: 700, requests: 14, hitRate: '80.0%' });
  expect(row('first').ms).toBeGreaterThanOrEqual(3_000);
  expect(row('second').ms).toBeLessThan(3_000);
  expect(stdout).toContain('📊 [GUN 404 Cache] 0/500 hits (0.0% cache hit rate, 56 cached souls)');
  expect(stdout).toContain('700 calls become 70 requests');
});

describeWithValkey()('with a shared store', () => {
  test('what one process learned the other knows, a put is visible in both, and a restarted process starts with it', async () => {
    const { code, stdout, stderr } = await runFile(DEMO, { args: ['--shared'] });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const rows = stdout.split('\n').map((line) => line.split(/ {2,}/)).filter(([, name]) => ['first', 'second'].includes(name));
    expect(rows.map((cells) => cells.slice(0, 5))).toEqual([
      ['asks for all souls', 'first', '56', '0', '56'],
      ['asks for the same', 'second', '56', '0', '0'],
      ['reads what the second has put', 'first', '0', '1', '1'],
      ['asks for all, restarted', 'first', '55', '1', '1'],
    ]);
  });
});

test('a relay that is not there is named and fails the demo', async () => {
  const { code, stderr } = await runNode(`process.argv.push('--relay', 'http://127.0.0.1:1'); require('./${DEMO}');`);
  expect(code).toBe(1);
  expect(stderr).toContain('The demo failed: fetch failed: ');
});

test('an unknown option shows the usage', async () => {
  const { code, stderr } = await runNode(`process.argv.push('--colour'); require('./${DEMO}');`);
  expect(code).toBe(2);
  expect(stderr).toContain('--relay URL');
});
