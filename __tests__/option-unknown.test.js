'use strict';

const { runNode } = require('./helpers/child');
const { newClient, setup } = require('./helpers/setup');

const emitted = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
afterEach(() => emitted.mockClear());

/** The text of the one warning that a new client with these options emits. */
function warningOf(options) {
  emitted.mockClear();
  newClient(options);
  expect(emitted.mock.calls).toEqual([[expect.any(String), { code: 'GUN_UNKNOWN_OPTION' }]]);
  return emitted.mock.calls[0][0];
}

test.each([
  [{ timeoutMS: 5 }, 'timeoutMS', 'timeoutMs'],
  [{ retrys: 5 }, 'retrys', 'retries'],
  [{ relay: 'http://a' }, 'relay', 'relayUrl'],
  [{ url: 'http://a' }, 'url', 'relayUrl'],
  [{ maxInflight: 5 }, 'maxInflight', 'maxInFlight'],
  [{ timeout: 5 }, 'timeout', 'timeoutMs'],
  [{ fallbackUrl: [] }, 'fallbackUrl', 'fallbackUrls'],
  [{ record: {} }, 'record', 'records'],
  [{ log: false }, 'log', 'logger'],
  [{ header: {} }, 'header', 'headers'],
  [{ capacity: 5 }, 'capacity', 'cache.capacity'],
  [{ cacheTtlMs: 5 }, 'cacheTtlMs', 'cache.ttlMs'],
  [{ cache: { ttl: 5 } }, 'cache.ttl', 'cache.ttlMs'],
  [{ cache: { firstTtl: 5 } }, 'cache.firstTtl', 'cache.firstTtlMs'],
  [{ cache: { size: 5, capasity: 5 } }, 'cache.capasity', 'cache.capacity'],
  [{ records: { maxByte: 5 } }, 'records.maxByte', 'records.maxBytes'],
  [{ backoff: { base: 5 } }, 'backoff.base', 'backoff.baseMs'],
  [{ retryBudget: { minPerSec: 5 } }, 'retryBudget.minPerSec', 'retryBudget.minPerSecond'],
  [{ breaker: { failure: 5 } }, 'breaker.failure', 'breaker.failures'],
])('%j: %s, did you mean %s?', (options, name, meant) => {
  expect(warningOf(options)).toContain(`${name} (did you mean ${meant}?)`);
});

test('one warning for all unknown options of a client, another for the next client', () => {
  const message = warningOf({ retrys: 1, cache: { tlMs: 5, xxxxxxxx: 1 }, colour: 'red' });
  expect(message).toBe(
    'GunClient ignores options that it does not know: retrys (did you mean retries?), cache.tlMs (did you mean cache.ttlMs?), ' +
      'cache.xxxxxxxx, colour',
  );
  expect(warningOf({ retrys: 1 })).toBe('GunClient ignores an option that it does not know: retrys (did you mean retries?)');
});

test('a name is shown on one line and of bounded length, and so is a list', () => {
  const long = 'x'.repeat(100_000);
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`no${n}`, n]));
  const message = warningOf({ [long]: 1, 'a\nb\u202e': 1, ...many });
  expect(message).not.toMatch(/[\n\u202e]/);
  expect(message).toContain('and 997 more');
  expect(message.length).toBeLessThan(500);
});

test('its value is not shown', () => {
  expect(warningOf({ pasword: 's3cret', cache: { key: 's3cret' } })).not.toContain('s3cret');
});

test('known options, undefined values and header names cause no warning', () => {
  newClient();
  newClient({ nonsense: undefined, cache: { nonsense: undefined } });
  newClient({ headers: { retrys: 'x', 'x-node': 'two' } });
  newClient({ headers: new Map([['retrys', 'x']]) });
  newClient({ relayUrl: 'http://a', cache: { capacity: 1, ttlMs: 1 }, records: { ttlMs: 0 }, backoff: { baseMs: 1 }, logger: false });
  newClient({ breaker: false, retryBudget: false, ca: undefined, fallbackUrls: [] });
  expect(emitted).not.toHaveBeenCalled();
});

test('it is a warning of the process, which Node prints', async () => {
  const { code, stderr } = await runNode(`new (require('./index.js').GunClient)({ retrys: 1 })`);
  expect(code).toBe(0);
  expect(stderr).toContain('[GUN_UNKNOWN_OPTION] Warning: GunClient ignores an option that it does not know: retrys');
});

test('an unknown option of a call is warned of once in a process', async () => {
  const { client } = await setup();
  await client.getRecord('a', { timeout: 5, fresh: undefined, nothing: undefined });
  await client.getRecords(['a'], { timeout: 5 });
  await client.getRecordText('a', { fresh: true, timeout: 5, resolveRef: 1 });
  const warning = (name, meant) => [`a call ignores an option that it does not know: ${name} (did you mean ${meant}?)`, { code: 'GUN_UNKNOWN_OPTION' }];
  expect(emitted.mock.calls).toEqual([warning('timeout', 'timeoutMs'), warning('resolveRef', 'resolveRefs')]);
});
