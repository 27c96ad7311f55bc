'use strict';

/**
 * Every metric: its kind, its help, and where in a client's figures its value is. A value is a number, an object of
 * numbers by the value of `label`, or for a histogram what it was counted in. Names follow Prometheus: a unit where there
 * is one, `_total` on what only grows. A request is what went on the wire, as OpenTelemetry has it; a flight is one
 * request with those that it was tried again by, shared by all calls for its soul.
 */
const FAMILIES = [
  counter('calls_total', 'Calls that ended; known_missing came from the cache.', ({ calls }) => calls.by, 'outcome'),
  counter('call_errors_total', 'Calls that failed, by code of GunError.', ({ calls }) => calls.failed, 'code'),
  histogram('call_duration_seconds', 'Time from the beginning of a call to its end.', ({ calls }) => calls),
  counter('coalesced_total', 'Calls that joined a request already under way.', ({ stats }) => stats.requests.coalesced),

  counter('flights_total', 'Requests with their retries, shared by their calls, that ended.', flightsBy, 'outcome'),
  counter('retries_total', 'Requests sent again after a transient failure.', ({ stats }) => stats.requests.retried),
  counter('retries_exhausted_total', 'Flights given up with a transient failure.', ({ exhausted }) => exhausted),

  counter('requests_total', 'HTTP requests that ended.', ({ exchanges }) => exchanges.by, 'status_class'),
  counter('request_errors_total', 'HTTP requests that failed, by code.', ({ exchanges }) => exchanges.failed, 'code'),
  histogram('request_duration_seconds', 'Time of one HTTP request, queueing excluded.', ({ exchanges }) => exchanges),
  gauge('requests_in_flight', 'HTTP requests on the wire.', ({ stats }) => stats.requests.inFlight),
  gauge('requests_queued', 'Requests that wait for a place on the wire.', ({ stats }) => stats.requests.queued),

  counter('cache_hits_total', 'Calls answered from the cache of missing souls.', ({ stats }) => stats.hits),
  gauge('cache_size', 'Souls remembered as missing.', ({ stats }) => stats.size),
  gauge('cache_capacity', 'Most souls that are remembered.', ({ stats }) => stats.capacity),
  gauge('cache_ttl_seconds', 'How long a soul is remembered.', ({ stats }) => stats.ttlMs / 1000),
  counter('cache_inserts_total', 'Entries made.', ({ stats }) => stats.inserts),
  counter('cache_evictions_total', 'Entries pushed out by newer ones.', ({ stats }) => stats.evictions),
  counter('cache_expirations_total', 'Entries found past their life.', ({ stats }) => stats.expirations),
  counter('cache_invalidations_total', 'Entries forgotten before their time.', ({ stats }) => stats.invalidations),
];

function counter(name, help, read, label) {
  return family('counter', name, help, read, label);
}

function gauge(name, help, read) {
  return family('gauge', name, help, read);
}

function histogram(name, help, read) {
  return family('histogram', name, help, read);
}

function family(kind, name, help, read, label) {
  return { kind, name: `gun_native_${name}`, help, read, label };
}

function flightsBy({ stats }) {
  const { found, missing, failed } = stats.requests;
  return { found, missing, failed: Object.values(failed).reduce((sum, times) => sum + times, 0) };
}

module.exports = { FAMILIES };
