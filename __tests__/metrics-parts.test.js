'use strict';

const { Registry } = require('prom-client');
const { newClient } = require('./helpers/setup');
const { registerMetrics } = require('../metrics');

let mockParts;
jest.mock('../lib/client', () => {
  const { clientModule } = require('./helpers/figures');
  const actual = clientModule();
  return { ...actual, figuresOf: (client) => clientModule(mockParts).figuresOf(client) };
});

async function textWith(parts) {
  mockParts = parts;
  const register = new Registry();
  registerMetrics(register, newClient({ relayUrl: 'http://user:secret@relay.test:8765' }));
  return register.metrics();
}

test('the breaker is 1 while the circuit of its relay is open, and shows no credentials', async () => {
  const line = 'gun_native_breaker_open{client="default",relay="http://relay.test:8765"}';
  const open = await textWith({ breaker: { state: 'open', sinceMs: 5, lastError: 'connection refused' } });
  expect(open).toContain(`${line} 1\n`);
  expect(open).not.toContain('secret');
  expect(await textWith({ breaker: { state: 'closed', sinceMs: 5, lastError: null } })).toContain(`${line} 0\n`);
});

test('a store and a cache of records have metrics of their own', async () => {
  const text = await textWith({
    store: { kind: 'shared', connected: false, loaded: 7, hits: 3, errors: 2 },
    records: { hits: 5, size: 2, bytes: 2_048, stale: 1 },
  });
  for (const line of [
    'store_connected{client="default",kind="shared"} 0',
    'store_loaded_entries{client="default",kind="shared"} 7',
    'store_hits_total{client="default",kind="shared"} 3',
    'store_errors_total{client="default",kind="shared"} 2',
    'record_cache_size{client="default"} 2',
    'record_cache_bytes{client="default"} 2048',
    'record_cache_hits_total{client="default"} 5',
    'record_cache_stale_total{client="default"} 1',
  ]) expect(text).toContain(`gun_native_${line}\n`);
});

test('without them there are no samples, and the rest is there', async () => {
  const text = await textWith({ store: undefined, records: undefined, breaker: undefined });
  expect(text).not.toMatch(/^gun_native_(store|record_cache|breaker)/m);
  expect(text).toContain('gun_native_cache_size{client="default"} 0\n');
});
