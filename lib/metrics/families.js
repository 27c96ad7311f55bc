'use strict';

/**
 * Every metric: type, help, and a function that reads its value from a client's figures. A value is a number, an object of
 * numbers by the value of `label`, or the counts of a histogram; `undefined` if the client lacks it, for example without a
 * store. Names follow Prometheus: a unit if there is one, `_total` for counters. A request is one HTTP exchange, as in
 * OpenTelemetry; a fetch is a request with its retries, shared by all calls for its soul.
 */
const FAMILIES = [
  counter('calls_total', 'Calls that ended; known_missing came from the cache.', ({ calls }) => calls.by, 'outcome'),
  counter('call_errors_total', 'Calls that failed, by code of GunError.', ({ calls }) => calls.failed, 'code'),
  histogram('call_duration_seconds', 'Time from the start of a call to its end.', ({ calls }) => calls),
  counter('coalesced_total', 'Calls that joined a request in flight.', ({ stats }) => stats.requests.coalesced),

  gauge('breaker_open', '1 while the circuit of the relay is open and calls fail at once, else 0.', breakerOf, 'relay'),

  counter('fetches_total', 'Requests with their retries, shared by their calls, that ended.', fetchesBy, 'outcome'),
  counter('retries_total', 'Requests sent again after a transient failure.', ({ stats }) => stats.requests.retried),
  counter('retries_exhausted_total', 'Fetches given up with a transient failure.', ({ exhausted }) => exhausted),

  counter('requests_total', 'HTTP requests that ended.', ({ exchanges }) => exchanges.by, 'status_class'),
  counter('request_errors_total', 'HTTP requests that failed, by code.', ({ exchanges }) => exchanges.failed, 'code'),
  histogram('request_duration_seconds', 'Time of one HTTP request, queueing excluded.', ({ exchanges }) => exchanges),
  gauge('requests_in_flight', 'HTTP requests in flight.', ({ stats }) => stats.requests.inFlight),
  gauge('requests_queued', 'Requests that wait for a permit.', ({ stats }) => stats.requests.queued),

  counter('cache_hits_total', 'Calls answered from the cache of missing souls.', ({ stats }) => stats.hits),
  gauge('cache_size', 'Souls cached as missing.', ({ stats }) => stats.size),
  gauge('cache_capacity', 'Maximum number of souls cached as missing.', ({ stats }) => stats.capacity),
  gauge('cache_ttl_seconds', 'TTL of an entry.', ({ stats }) => stats.ttlMs / 1000),
  counter('cache_inserts_total', 'Entries added.', ({ stats }) => stats.inserts),
  counter('cache_refreshes_total', 'Entries fetched again before their TTL ended.', ({ stats }) => stats.requests.refreshed),
  counter('cache_evictions_total', 'Entries removed to make room.', ({ stats }) => stats.evictions),
  counter('cache_expirations_total', 'Entries removed after their TTL.', ({ stats }) => stats.expirations),
  counter('cache_invalidations_total', 'Entries removed by invalidate.', ({ stats }) => stats.invalidations),

  gauge('store_connected', '1 while the store can be used, else 0.', ofStore(({ connected }) => Number(connected)), 'kind'),
  gauge('store_loaded_entries', 'Entries loaded from the store.', ofStore(({ loaded }) => Number(loaded)), 'kind'),
  counter('store_hits_total', 'Calls answered by the store.', ofStore(({ hits }) => hits), 'kind'),
  counter('store_errors_total', 'Operations of the store that failed.', ofStore(({ errors }) => errors), 'kind'),

  gauge('record_cache_size', 'Records in the cache of found records.', ofRecords('size')),
  gauge('record_cache_bytes', 'Size of these records.', ofRecords('bytes')),
  counter('record_cache_hits_total', 'Calls answered from the cache of found records.', ofRecords('hits')),
  counter('record_cache_stale_total', 'Calls answered with an expired record because the relay failed.', ofRecords('stale')),
];

function counter(name, help, read, label) {
  return family('counter', name, help, read, label);
}

function gauge(name, help, read, label) {
  return family('gauge', name, help, read, label);
}

function histogram(name, help, read) {
  return family('histogram', name, help, read);
}

function family(kind, name, help, read, label) {
  return { kind, name: `gun_native_${name}`, help, read, label };
}

function fetchesBy({ stats }) {
  const { found, missing, failed } = stats.requests;
  return { found, missing, failed: Object.values(failed).reduce((sum, times) => sum + times, 0) };
}

function breakerOf({ stats, relay }) {
  return stats.breaker && { [relay]: Number(stats.breaker.state === 'open') };
}

function ofStore(read) {
  return ({ stats: { store } }) => store && { [store.kind]: read(store) };
}

function ofRecords(name) {
  return ({ stats: { records } }) => records && records[name];
}

module.exports = { FAMILIES };
