'use strict';

// Texts of the page: pure functions of the statistics. Concatenated into the page; tests load it as a module.

/** Above this share of failed calls in the last minute, the page is amber. */
const FAILING_SHARE = 0.05;
/** A longer queue is mentioned. */
const LONG_QUEUE = 100;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** The figures of one moment used by the page. Statistics without `calls` are from clients that only count requests. */
function sampleOf(stats, at) {
  const { requests, requestDurations } = stats;
  const failed = sum(requests.failed);
  const calls = stats.calls || { known_missing: stats.hits, found: requests.found, missing: requests.missing, failed, aborted: 0 };
  return {
    at,
    calls,
    errors: stats.callErrors || requests.failed,
    sent: requests.sent,
    inFlight: requests.inFlight,
    queued: requests.queued,
    bounds: requestDurations && requestDurations.boundsSeconds,
    counts: requestDurations && requestDurations.counts,
    isOpen: stats.breaker !== undefined && stats.breaker.state === 'open',
  };
}

function sum(numbers) {
  return Object.values(numbers).reduce((total, number) => total + number, 0);
}

/** The differences between two samples. */
function between(before, after) {
  const seconds = (after.at - before.at) / 1_000;
  const calls = {};
  for (const outcome of Object.keys(after.calls)) calls[outcome] = after.calls[outcome] - (before.calls[outcome] || 0);
  const errors = {};
  for (const code of Object.keys(after.errors)) errors[code] = after.errors[code] - (before.errors[code] || 0);
  const asked = (calls.found || 0) + (calls.missing || 0) + (calls.failed || 0);
  const total = sum(calls);
  const counts = after.counts && after.counts.map((count, index) => count - (before.counts ? before.counts[index] : 0));
  return {
    seconds,
    calls,
    total,
    asked,
    errors,
    failedShare: asked > 0 ? calls.failed / asked : null,
    cachedShare: total > 0 ? calls.known_missing / total : null,
    p50: counts ? quantile(0.5, counts, after.bounds) : null,
    p99: counts ? quantile(0.99, counts, after.bounds) : null,
  };
}

/** A quantile in seconds from the counts of buckets, interpolated as Prometheus does; null without observations. */
function quantile(part, counts, bounds) {
  const rank = part * sum(counts);
  if (rank === 0) return null;
  let below = 0;
  for (let index = 0; index < counts.length; index += 1) {
    if (below + counts[index] >= rank && counts[index] > 0) {
      if (index >= bounds.length) return bounds[bounds.length - 1];
      const from = index === 0 ? 0 : bounds[index - 1];
      return from + ((bounds[index] - from) * (rank - below)) / counts[index];
    }
    below += counts[index];
  }
  return bounds[bounds.length - 1];
}

/** The most frequent code of the failures. */
function mainCode(errors) {
  return Object.keys(errors).reduce((most, code) => (errors[code] > (errors[most] || 0) ? code : most), undefined);
}

/**
 * The status as text.
 *
 * @param {{stats: object | undefined, lost: {sinceMs: number, reason: string} | undefined, minute: object | undefined}} known
 * `lost` if the last request failed; `minute` has the differences over the last minute
 * @returns {{level: string, title: string, reason: string, next: string, sinceMs: number | undefined}} level: connecting,
 * lost, down, failing, idle or well
 */
function statusOf({ stats, lost, minute }) {
  if (lost) {
    return {
      level: 'lost',
      title: 'No connection to the indexer',
      reason: lost.reason,
      next: stats
        ? 'The figures below are the last ones. This page tries again every second; check whether the process runs.'
        : 'This page tries again every second; check whether the process runs.',
      sinceMs: lost.sinceMs,
    };
  }
  if (!stats) return { level: 'connecting', title: 'Connecting…', reason: '', next: '' };
  const relay = (stats.process && stats.process.relay) || 'the relay';
  const { breaker, store, requests } = stats;
  if (breaker && breaker.state === 'open') {
    return {
      level: 'down',
      title: `Relay ${relay} is down`,
      reason: breaker.lastError || 'every request failed',
      next: 'Calls fail at once with ERR_GUN_CIRCUIT_OPEN; souls cached as missing are still answered. The relay is asked again about every second, and calls resume with its first answer. Nothing needs a restart.',
      sinceMs: breaker.sinceMs,
    };
  }
  if (minute && minute.failedShare === 1) {
    return {
      level: 'down',
      title: `Every call to relay ${relay} fails`,
      reason: failures(minute),
      next: 'Check whether the relay runs and can be reached from this host.',
    };
  }
  if (minute && minute.failedShare > FAILING_SHARE) {
    return {
      level: 'failing',
      title: `${percent(minute.failedShare)} of the calls to relay ${relay} fail`,
      reason: failures(minute),
      next: 'Transient failures are retried before a call fails. Check the log of the relay and of a proxy before it.',
    };
  }
  if (requests.queued > LONG_QUEUE) {
    return {
      level: 'failing',
      title: `Relay ${relay} is too slow for the load`,
      reason: `${integer(requests.queued)} requests wait for a permit, ${integer(requests.inFlight)} are in flight`,
      next: 'Calls that wait too long fail with ERR_GUN_TIMEOUT. Raise GUN_MAX_IN_FLIGHT if the relay can take more.',
    };
  }
  if (store && !store.connected) {
    return {
      level: 'failing',
      title: `Relay ${relay} answers, but the ${store.kind} store is lost`,
      reason: 'calls continue without it',
      next: store.kind === 'shared'
        ? 'It is used again when it is back. Check the store at GUN_404_CACHE_URL.'
        : 'Check GUN_404_CACHE_FILE: another process may use it.',
    };
  }
  if (stats.total === 0) {
    return {
      level: 'idle',
      title: 'No calls yet',
      reason: `relay ${relay} has not been asked since the start of the process`,
      next: 'The figures appear with the first getRecord.',
    };
  }
  if (!minute || minute.asked === 0) {
    const title = minute && minute.total > 0 ? `Relay ${relay} is not needed` : `No calls to relay ${relay} in the last minute`;
    return { level: 'idle', title, reason: minute && minute.total > 0 ? 'all calls were answered from the cache' : '', next: '' };
  }
  const reason = minute.calls.failed > 0 ? failures(minute) : 'no failure in the last minute';
  return { level: 'well', title: `Relay ${relay} answers`, reason, next: outageBefore(stats) };
}

/** A note about an outage that ended within the last hour. */
function outageBefore({ breaker, process: about }) {
  const isRecent = breaker && about && breaker.sinceMs < HOUR_MS && about.uptimeMs - breaker.sinceMs > MINUTE_MS;
  return isRecent ? `It is back from an outage that ended ${duration(breaker.sinceMs)} ago.` : '';
}

function failures({ calls, asked, errors }) {
  const code = mainCode(errors);
  return `${integer(calls.failed)} of ${integer(asked)} calls failed in the last minute${code ? `, most with ${code}` : ''}`;
}

const MARKS = { connecting: '…', lost: '?', down: '✕', failing: '!', idle: '–', well: '✓' };
const TITLES = { connecting: 'connecting', lost: 'no connection', down: 'DOWN', failing: 'failing', idle: 'idle', well: 'ok' };

function integer(number) {
  return Math.round(number).toLocaleString('en');
}

function rate(number) {
  if (number === null || number === undefined) return '–';
  return number >= 100 ? integer(number) : number.toFixed(number === 0 || number >= 10 ? 1 : 2);
}

function percent(share) {
  if (share === null || share === undefined) return '–';
  if (share > 0 && share < 0.001) return '<0.1%';
  return share === 1 || share === 0 ? `${100 * share}%` : `${(100 * share).toFixed(1)}%`;
}

/** The duration of a request: `12 ms`, `3.04 s`. */
function time(seconds) {
  if (seconds === null || seconds === undefined) return '–';
  const ms = 1_000 * seconds;
  if (ms < 1_000) return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
  return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
}

/** A duration: `3 min 12 s`, `2 d 4 h`. */
function duration(ms) {
  const seconds = Math.floor(ms / 1_000);
  const parts = [[86_400, 'd'], [3_600, 'h'], [60, 'min'], [1, 's']];
  const first = parts.findIndex(([size]) => seconds >= size);
  if (first === -1) return '0\u00a0s';
  const [size, unit] = parts[first];
  const [nextSize, nextUnit] = parts[first + 1] || [];
  const rest = nextSize ? Math.floor((seconds % size) / nextSize) : 0;
  return `${Math.floor(seconds / size)}\u00a0${unit}${rest > 0 ? ` ${rest}\u00a0${nextUnit}` : ''}`;
}

function bytes(number) {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  const at = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(number, 1)) / 10));
  return `${(number / 1_024 ** at).toFixed(at === 0 ? 0 : 1)} ${units[at]}`;
}

if (typeof module === 'object') {
  module.exports = { MARKS, MINUTE_MS, TITLES, between, bytes, duration, integer, percent, quantile, rate, sampleOf, statusOf, time };
}
