'use strict';

const { Checks } = require('./stress/chaos/checks');
const { Model } = require('./stress/chaos/model');
const { GunError } = require('..');
const { runNode } = require('./helpers/child');

test('a short run through chaos keeps every promise', async () => {
  const source = "process.argv.push('--seed', '1', '--round', '5', '--round-ms', '1500', '--callers', '100'); require('./__tests__/stress/chaos/run.js');";
  const { code, stdout, stderr } = await runNode(source, { flags: ['--expose-gc'] });
  expect({ code, stderr, failures: stdout.split('\n').filter((line) => line.startsWith('FAIL')) }).toEqual({ code: 0, stderr: '', failures: [] });
  expect(stdout).toContain('PASS: no violation');
  const [, found, missing] = /(\d+) found, (\d+) missing/.exec(stdout);
  expect(Math.min(found, missing)).toBeGreaterThan(50);
}, 30_000);

describe('the states that may be reported of a soul', () => {
  const model = new Model(['a'], { chance: () => true });

  test('is what it was from the last invalidate before the call to the end of the call', () => {
    expect(model.begin('a').allowed).toEqual(new Set([null]));
    const across = model.begin('a');
    model.put('a');
    expect(model.begin('a').allowed).toEqual(new Set([null, 1]));
    model.invalidated('a');
    const after = model.begin('a');
    expect(after.allowed).toEqual(new Set([1]));
    across.end();
    model.remove('a');
    expect(across.allowed).toEqual(new Set([null, 1]));
    expect(after.allowed).toEqual(new Set([1, null]));
  });
});

describe('a broken promise is seen', () => {
  const options = { retries: 1, maxInFlight: 2, maxQueue: 1, timeoutMs: 100 };
  const failure = (members) => new GunError('m', { soul: 'a', attempts: 1, retryable: true, code: 'ERR_GUN_STATUS', ...members });
  const counts = { total: 2, hits: 1, size: 0, inserts: 1, evictions: 0, expirations: 0, invalidations: 1 };
  const requests = { sent: 1, coalesced: 0, refreshed: 0, found: 1, missing: 0, failed: {}, inFlight: 0, queued: 0 };

  test.each([
    ['null for what is there', (checks) => checks.answer('a', new Set([1]), null)],
    ['a record that was before', (checks) => checks.answer('a', new Set([2]), { soul: 'a', version: 1 })],
    ["another soul's record", (checks) => checks.answer('a', new Set([1]), { soul: 'b', version: 1 })],
    ["another soul's failure", (checks) => checks.answer('a', new Set([1]), failure({ soul: 'b' }))],
    ['too many attempts', (checks) => checks.answer('a', new Set([1]), failure({ attempts: 3 }))],
    ['a code out of place', (checks) => checks.answer('a', new Set([1]), failure({ code: 'ERR_GUN_CLOSED' }))],
    ['a late end', (checks) => checks.time(1e6, 100, 'a call')],
    ['too many on the wire', (checks) => checks.sample({ size: 0, capacity: 1, requests: { inFlight: 3, queued: 0 } })],
    ['too many that wait', (checks) => checks.sample({ size: 0, capacity: 1, requests: { inFlight: 0, queued: 4 } })],
    ['too many entries', (checks) => checks.sample({ size: 2, capacity: 1, requests: { inFlight: 0, queued: 0 } })],
    ['a call not counted', (checks) => checks.balance({ ...counts, requests }, 3, 1)],
    ['a request left behind', (checks) => checks.balance({ ...counts, requests: { ...requests, inFlight: 1 } }, 2, 1)],
    ['an attempt too many', (checks) => checks.balance({ ...counts, requests: { ...requests, sent: 3 } }, 2, 1)],
    ['an entry lost', (checks) => checks.balance({ ...counts, size: 1, requests }, 2, 1)],
  ])('%s', (_what, judge) => {
    const checks = new Checks(options);
    checks.balance({ ...counts, requests }, 2, 1);
    expect(checks.violations).toEqual([]);
    judge(checks);
    checks.end();
    expect(checks.violations).toHaveLength(1);
  });
});
