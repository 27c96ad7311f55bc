'use strict';

// The states of the page, from generated statistics: what a client would report after ten minutes of each. For screenshots and
// tests of the page's texts.

const http = require('http');
const { once } = require('events');
const { mount } = require('../../lib/metrics');

const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 3, 3.05, 3.1, 3.5, 5, 10, 20, 45];
const RELAY = 'http://gun-relay:8765';
const HISTORY_STEP_S = 5;
const HISTORY_S = 600;

/** Traffic of one second of the scenario (0 is the last): calls by outcome, errors by code, and current values. */
const HEALTHY = (second) => {
  const swing = 1 + 0.35 * Math.sin(second / 47) + 0.12 * Math.sin(second / 9.3);
  return { known_missing: 22 * swing, found: 9 * swing, missing: 2.4 * swing, inFlight: Math.round(7 * swing), queued: 0, slow: 0.004 };
};

const OUTAGE_S = 185;

const SCENARIOS = {
  healthy: { traffic: HEALTHY },
  failing: {
    traffic: (second) => {
      const share = second > -240 ? 0.16 + 0.05 * Math.sin(second / 13) : 0;
      const { found, ...rest } = HEALTHY(second);
      const more = share > 0 ? { inFlight: 31 + Math.round(9 * Math.sin(second / 17)), slow: 0.12 } : {};
      return { ...rest, ...more, found: found * (1 - share), failed: 11 * share, code: 'ERR_GUN_TIMEOUT' };
    },
  },
  down: {
    traffic: (second) => {
      if (second < -OUTAGE_S) return HEALTHY(second);
      const { known_missing: hits, found, missing } = HEALTHY(second);
      return { known_missing: hits, found: 0, missing: 0, failed: found + missing, code: 'ERR_GUN_CIRCUIT_OPEN', inFlight: second % 4 === 0 ? 1 : 0, isOpen: second > -OUTAGE_S + 2 };
    },
    breaker: { state: 'open', sinceMs: (OUTAGE_S - 2) * 1_000, lastError: 'connection refused (10.0.3.7:8765), 59 failures in a row' },
  },
  recovered: {
    traffic: (second) => {
      const isOut = second > -300 && second < -130;
      if (!isOut) return HEALTHY(second);
      return { ...SCENARIOS.down.traffic(0), ...HEALTHY(second), found: 0, missing: 0, failed: HEALTHY(second).found, code: 'ERR_GUN_CIRCUIT_OPEN', isOpen: true };
    },
    breaker: { state: 'closed', sinceMs: 130_000, lastError: null },
  },
  empty: { traffic: () => ({}), isNew: true },
  disconnected: { traffic: HEALTHY, isLost: true },
};

/** Cumulative statistics of a scenario, advanced second by second. */
class Statistics {
  constructor({ traffic, breaker, isNew }) {
    Object.assign(this, { traffic, breaker, isNew, second: -HISTORY_S });
    this.calls = { aborted: 0, failed: 0, found: 0, known_missing: 0, missing: 0 };
    this.errors = {};
    this.counts = BOUNDS.map(() => 0).concat(0);
    this.now = {};
    if (!isNew) this.earlier();
  }

  /** A few hours before the ten minutes. */
  earlier() {
    for (const [name, rate] of Object.entries(HEALTHY(0))) if (name in this.calls) this.calls[name] = 9_700 * rate;
    this.errors = { ERR_GUN_TIMEOUT: 3 };
    this.calls.failed = 3;
  }

  step() {
    this.second += 1;
    this.now = this.traffic(this.second);
    for (const name of Object.keys(this.calls)) this.calls[name] += this.now[name] || 0;
    const { failed, code, found = 0, missing = 0, slow = 0.004 } = this.now;
    if (failed) this.errors[code] = (this.errors[code] || 0) + failed;
    this.counts[BOUNDS.findIndex((bound) => bound >= slow)] += 0.7 * found;
    this.counts[BOUNDS.findIndex((bound) => bound >= 3 * slow)] += 0.27 * found;
    this.counts[BOUNDS.findIndex((bound) => bound >= 8 * slow)] += 0.03 * found;
    this.counts[BOUNDS.indexOf(3.05)] += missing;
  }

  stats() {
    const calls = rounded(this.calls);
    const { known_missing: hits } = calls;
    const total = Object.values(calls).reduce((sum, count) => sum + count, 0);
    const size = Math.round(Math.min(6_214, calls.missing));
    return {
      hits, total, hitRate: total === 0 ? 0 : hits / total, size, capacity: 10_000, ttlMs: 3_600_000,
      inserts: calls.missing, evictions: 0, expirations: Math.max(0, calls.missing - size), invalidations: Math.round(calls.found / 90),
      requests: {
        sent: calls.found + calls.missing + calls.failed, coalesced: Math.round(calls.found / 7), retried: Math.round(calls.failed / 3),
        refreshed: Math.round(calls.missing / 40), inFlight: this.now.inFlight || 0, queued: this.now.queued || 0,
        found: calls.found, missing: calls.missing, failed: rounded(this.errors), p50: 4.1, p90: 3_010, p99: 3_046,
      },
      breaker: this.now.isOpen === undefined && !this.breaker
        ? { state: 'closed', sinceMs: 9_700_000, lastError: null }
        : { ...(this.breaker || {}), ...(this.second < 0 && { state: this.now.isOpen ? 'open' : 'closed' }) },
      calls,
      callErrors: rounded(this.errors),
      requestDurations: { boundsSeconds: BOUNDS, counts: this.counts.map(Math.round) },
      process: { relay: RELAY, version: '0.2.0', node: 'v20.20.2', pid: 4_711, host: 'indexer-3', uptimeMs: this.isNew ? 42_000 : 9_700_000 },
    };
  }
}

function rounded(counts) {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, Math.round(count)]));
}

/**
 * Serves the page in a state on a free port of loopback. Each request for the statistics advances them by a second,
 * independent of the browser's clock. `pages` has additional pages by path, as text.
 *
 * @returns {Promise<{url: string, close: () => Promise<void>}>}
 */
async function serve(name, pages = {}) {
  const scenario = SCENARIOS[name];
  const statistics = new Statistics(scenario);
  const history = [];
  while (statistics.second < 0) {
    statistics.step();
    if (statistics.second < 0 && statistics.second % HISTORY_STEP_S === 0) history.push({ ageMs: -1_000 * statistics.second, ...statistics.stats() });
  }
  // The page itself is the one that users get.
  const packaged = http.createServer();
  mount(packaged, { client: { cacheStats: () => statistics.stats() } });
  let looks = 0;
  const server = http.createServer((request, response) => {
    if (pages[request.url]) return pages[request.url](response);
    if (request.url === '/gun/history') return response.end(JSON.stringify(scenario.isNew ? [] : history));
    if (request.url !== '/gun/stats') return packaged.emit('request', request, response);
    looks += 1;
    if (scenario.isLost && looks > 2) return request.socket.destroy();
    if (looks > 1) statistics.step();
    return response.end(JSON.stringify(statistics.stats()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { url: `http://127.0.0.1:${server.address().port}/gun`, close };
}

module.exports = { SCENARIOS, serve };
