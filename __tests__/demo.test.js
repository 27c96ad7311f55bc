'use strict';

const { Terminal } = require('../examples/steps/terminal');
const { runFile } = require('./helpers/child');
const { describeWithValkey } = require('./helpers/valkey');
const { until } = require('./helpers/setup');

const DEMO = 'examples/demo.js';
/** On a busy machine the demo may take long, and the test does not depend on how long. */
const LIMIT_MS = 240_000;

jest.setTimeout(LIMIT_MS + 10_000);

test('the demo ends by itself, and its table has axios alone and the three steps', async () => {
  const { code, stdout, stderr } = await runFile(DEMO, { limitMs: LIMIT_MS });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines = stdout.split('\n');
  /** A row's cells: `[time, requests]` of each way, then what came of it. */
  const row = (name) => {
    const at = lines.findIndex((line) => line.startsWith(name));
    const cells = lines[at].slice(name.length).trim().split(/ {2,}/).map((cell) => cell.split(' s, ').map(Number));
    return { times: cells.map(([time]) => time), requests: cells.map(([, count]) => count), results: lines[at + 1].trim().split(/ {2,}/) };
  };
  expect(lines.find((line) => line.startsWith('time, requests')).trim().split(/ {2,}/)).toEqual(['time, requests', 'axios alone', '+ install', '+ helper', '+ loops']);
  // 8 indexes, the index of deletions for each of 52 records or once, and the records.
  expect(row('sync cycle, first')).toMatchObject({ requests: [112, 112, 112, 61], results: Array(4).fill('52 new') });
  expect(row('sync cycle, second')).toMatchObject({ requests: [8, 6, 6, 6] });
  expect(row('sync cycle, second').times[0]).toBeGreaterThanOrEqual(6); // two missing indexes, 3 s each
  expect(row('discovery').results).toEqual(['0 of 52', '0 of 52', '0 of 52', '52 of 52']);
  expect(row('missing, ten callers')).toMatchObject({ requests: [100, 10, 10, 10], results: Array(4).fill('100 missing') });
  expect(row('deletion checks')).toMatchObject({ requests: [40, 40, 40, 21], results: Array(4).fill('20 of 20 right') });
  expect(row('put, then read').results).toEqual(['missing', 'missing', 'the record', 'the record']);
  expect(stdout).toContain('What you saw. A relay takes 3 s to report a missing record.');
  expect(stdout).toContain('100 requests became 10');
});

test('an unknown option shows the usage, and so does a bad value', async () => {
  for (const option of ['--colour', '--wait=long']) {
    const { code, stderr } = await runFile(DEMO, { args: [option] });
    expect(code).toBe(2);
    expect(stderr).toContain('npm run demo [');
  }
});

const CLEAR_LINE = '\r\x1b[K';

/** What a screen shows after this was written to it: text, newlines, and the code that clears a line. */
function screenOf(written) {
  const lines = [''];
  for (const part of written.replaceAll(CLEAR_LINE, '\f').split(/(\n|\f)/)) {
    if (part === '\n') lines.push('');
    else if (part === '\f') lines[lines.length - 1] = '';
    else lines[lines.length - 1] += part;
  }
  return lines;
}

test('on a terminal, the progress line and the log lines never share a line', async () => {
  let written = '';
  const stream = { isTTY: true, write: (text) => (written += text) };
  const terminal = new Terminal(3, { out: stream, progress: stream });
  terminal.print('one');
  terminal.done('two');
  await until(() => written.endsWith('1 of 3 done') && written.match(/of 3 done/g).length >= 5);
  terminal.done('three');
  expect(screenOf(written)[3]).toMatch(/^ +\d+ s, 2 of 3 done$/);
  terminal.end();
  expect(screenOf(written)).toEqual([expect.stringMatching(/ s {2}one$/), expect.stringMatching(/ s {2}two$/), expect.stringMatching(/ s {2}three$/), '']);
});

test('without a terminal, there are log lines only', () => {
  let written = '';
  const terminal = new Terminal(1, { out: { write: (text) => (written += text) }, progress: { isTTY: false, write: () => expect('never').toBe('written') } });
  terminal.done('one');
  terminal.end();
  expect(written).toMatch(/^ *\d+\.\d s {2}one\n$/);
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
