'use strict';

const fs = require('fs');
const path = require('path');
const page = require('../monitoring/page/build');
const { between, duration, percent, quantile, sampleOf, statusOf, time } = require('../monitoring/page/state');
const { ROOT } = require('./helpers/child');
const { setup } = require('./helpers/setup');
const { status } = require('./helpers/answers');

const HTML = fs.readFileSync(page.FILE, 'utf8');
const CSS = fs.readFileSync(path.join(ROOT, 'monitoring/page/page.css'), 'utf8');

test('the page in the package is what monitoring/page/build.js makes', () => {
  expect(HTML).toBe(page.text());
});

test('the page is one file that loads nothing from elsewhere, and carries the license of uPlot', () => {
  // The one address is a namespace, which nothing loads; the other is where uPlot names its home.
  expect(HTML.replace('https://github.com/leeoniya/uPlot', '')).not.toMatch(/https?:\/\/|src=|@import|url\(/);
  expect(HTML.match(/<\/script/g)).toHaveLength(2);
  expect(HTML).toContain('Copyright (c) 2022 Leon Sorokin');
});

describe('contrast', () => {
  const [light, dark] = CSS.split('@media (prefers-color-scheme: dark)').map((part) => variablesOf(part));
  const TEXT_ON = [
    ...['--page', '--card'].flatMap((background) => ['--text', '--quiet', '--link'].map((text) => [text, background])),
    ...['--well', '--failing', '--down', '--idle', '--lost', '--connecting'].map((background) => ['--on-status', background]),
    ['--failed', '--card'],
  ];

  test.each([['light', light], ['dark', dark]])('is at least 4.5 for every text of the %s theme', (_theme, colours) => {
    for (const [text, background] of TEXT_ON) {
      expect([text, background, contrast(colours[text], colours[background]) >= 4.5]).toEqual([text, background, true]);
    }
  });

  test.each([['light', light], ['dark', dark]])('is at least 3 for every line of the charts in the %s theme', (_theme, colours) => {
    for (const line of ['--found', '--missing', '--cached', '--failed', '--p99']) {
      expect([line, contrast(colours[line], colours['--card']) >= 3]).toEqual([line, true]);
    }
  });

  function variablesOf(css) {
    return Object.fromEntries([...css.matchAll(/(--[\w-]+): (#[0-9a-f]{6})\b(?![0-9a-f])/g)].map(([, name, value]) => [name, value]));
  }

  /** By WCAG 2. */
  function contrast(one, other) {
    const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (lighter + 0.05) / (darker + 0.05);
  }

  function luminance(colour) {
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }
});

describe('the status', () => {
  const PROCESS = { relay: 'http://relay:8765', uptimeMs: 9e6 };
  const REQUESTS = { sent: 9, found: 5, missing: 4, failed: {}, inFlight: 1, queued: 0 };
  const CLOSED = { state: 'closed', sinceMs: 9e6, lastError: null };
  const stats = (more = {}) => ({ total: 9, hits: 0, requests: REQUESTS, breaker: CLOSED, process: PROCESS, ...more });
  const minute = (more = {}) => ({ total: 60, asked: 20, failedShare: 0, calls: { failed: 0 }, errors: {}, ...more });

  test.each([
    ['nothing is known yet', {}, 'connecting', 'Connecting…'],
    ['the page cannot reach its server', { stats: stats(), lost: { sinceMs: 5_000, reason: 'why' } }, 'lost', 'No connection to the indexer'],
    ['the circuit is open', { stats: stats({ breaker: { state: 'open', sinceMs: 5, lastError: 'refused' } }), minute: minute() }, 'down', 'Relay http://relay:8765 is down'],
    ['every call fails', { stats: stats(), minute: minute({ failedShare: 1, calls: { failed: 20 } }) }, 'down', 'Every call to relay http://relay:8765 fails'],
    ['some calls fail', { stats: stats(), minute: minute({ failedShare: 0.1, calls: { failed: 2 } }) }, 'failing', '10.0% of the calls to relay http://relay:8765 fail'],
    ['many requests wait', { stats: stats({ requests: { ...REQUESTS, queued: 500 } }), minute: minute() }, 'failing', 'Relay http://relay:8765 is too slow for the load'],
    ['the store is lost', { stats: stats({ store: { kind: 'shared', connected: false } }), minute: minute() }, 'failing', 'Relay http://relay:8765 answers, but the shared store is lost'],
    ['nobody called', { stats: stats({ total: 0 }) }, 'idle', 'No calls yet'],
    ['nobody calls now', { stats: stats(), minute: minute({ total: 0, asked: 0 }) }, 'idle', 'No calls to relay http://relay:8765 in the last minute'],
    ['the cache answers everything', { stats: stats(), minute: minute({ asked: 0 }) }, 'idle', 'Relay http://relay:8765 is not needed'],
    ['all is well', { stats: stats(), minute: minute() }, 'well', 'Relay http://relay:8765 answers'],
    ['a client has no breaker', { stats: stats({ breaker: undefined }), minute: minute() }, 'well', 'Relay http://relay:8765 answers'],
  ])('if %s', (_when, known, level, title) => {
    expect(statusOf(known)).toMatchObject({ level, title });
  });

  test('of an outage says why, since when, and what happens next', () => {
    const { reason, sinceMs, next } = statusOf({ stats: stats({ breaker: { state: 'open', sinceMs: 5_000, lastError: 'connection refused' } }) });
    expect([reason, sinceMs]).toEqual(['connection refused', 5_000]);
    expect(next).toMatch(/ERR_GUN_CIRCUIT_OPEN.*asked again about every second.*Nothing needs a restart/);
  });

  test('names the code that most failures have', () => {
    const errors = { ERR_GUN_TIMEOUT: 1, ERR_GUN_STATUS: 3 };
    const { reason } = statusOf({ stats: stats(), minute: minute({ failedShare: 0.2, calls: { failed: 4 }, errors }) });
    expect(reason).toBe('4 of 20 calls failed in the last minute, most with ERR_GUN_STATUS');
  });

  test('says so for an hour if the relay was down', () => {
    const after = (sinceMs) => statusOf({ stats: stats({ breaker: { ...CLOSED, sinceMs } }), minute: minute() }).next;
    expect(after(130_000)).toBe('It is back from an outage that ended 2\u00a0min 10\u00a0s ago.');
    expect([after(3_700_000), after(PROCESS.uptimeMs)]).toEqual(['', '']);
  });
});

test('what happened between two moments comes from the counters of a real client', async () => {
  const { client } = await setup({ bad: status(400) });
  const { statsOf } = require('../lib/metrics/handlers');
  await client.getRecord('before');
  const before = sampleOf(statsOf(client), 0);
  await client.getRecords(['a', 'b', 'c', 'bad']);
  await client.getRecord('a');
  const did = between(before, sampleOf(statsOf(client), 10_000));
  expect(did).toMatchObject({ seconds: 10, total: 5, asked: 4, failedShare: 0.25, cachedShare: 0.2 });
  expect(did.calls).toEqual({ known_missing: 1, found: 0, missing: 3, failed: 1, aborted: 0 });
  expect(did.errors).toMatchObject({ ERR_GUN_STATUS: 1 });
  expect(did.p50).toBeGreaterThan(0);
  expect(did.p99).toBeGreaterThanOrEqual(did.p50);
});

test('a client with statistics only has failures but no response times', async () => {
  const requests = { sent: 3, found: 1, missing: 1, failed: { ERR_GUN_CONNECT: 1 }, inFlight: 0, queued: 0 };
  const none = { ...requests, found: 0, missing: 0, failed: {} };
  const did = between(sampleOf({ hits: 0, requests: none }, 0), sampleOf({ hits: 4, requests }, 1_000));
  expect(did).toMatchObject({ total: 7, asked: 3, failedShare: 1 / 3, p50: null });
});

test('quantiles are interpolated within a bucket', () => {
  expect(quantile(0.5, [0, 10, 0], [1, 2])).toBe(1.5);
  expect(quantile(0.5, [4, 0, 0], [1, 2])).toBe(0.5);
  expect(quantile(0.99, [0, 0, 5], [1, 2])).toBe(2);
  expect(quantile(0.5, [0, 0, 0], [1, 2])).toBeNull();
});

test('figures are short', () => {
  expect([percent(0), percent(0.1234), percent(1), percent(0.0001), percent(null)]).toEqual(['0%', '12.3%', '100%', '<0.1%', '–']);
  expect([time(0.0042), time(0.25), time(3.046), time(45), time(null)]).toEqual(['4.2 ms', '250 ms', '3.05 s', '45.0 s', '–']);
  expect([0, 59_000, 192_000, 187_000_000].map(duration)).toEqual(['0\u00a0s', '59\u00a0s', '3\u00a0min 12\u00a0s', '2\u00a0d 3\u00a0h']);
});
