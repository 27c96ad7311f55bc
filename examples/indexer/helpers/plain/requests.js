'use strict';

const http = require('http');
const https = require('https');
const axios = require('axios');
const { classify } = require('./answer');
const { numberOf } = require('./environment');
const { failure } = require('./failure');

const MAX_BODY_BYTES = 33554432;
const MAX_PAUSE_MS = 5000;
const LATE = { code: 'ERR_GUN_TIMEOUT', does: 'did not answer in time', retryable: true };

/** Requests to one relay by axios: so many at once and no more, tried again where that may help. */
class Requests {
  constructor(relay, { attemptTimeoutMs, timeoutMs, retries, pauseMs = 200 } = {}) {
    this.relay = relay;
    this.attemptTimeoutMs = numberOf(attemptTimeoutMs, 'GUN_ATTEMPT_TIMEOUT_MS', 20000);
    this.timeoutMs = numberOf(timeoutMs, 'GUN_TIMEOUT_MS', 45000);
    this.retries = numberOf(retries, 'GUN_RETRIES', 2);
    this.pauseMs = pauseMs;
    this.counts = { sent: 0, retried: 0, found: 0, missing: 0 };
    this.failed = {};
    const agent = { keepAlive: true, maxSockets: numberOf(undefined, 'GUN_MAX_IN_FLIGHT', 64) };
    this.agents = { httpAgent: new http.Agent(agent), httpsAgent: new https.Agent(agent) };
    this.options = Object.assign({
      auth: relay.auth,
      responseType: 'arraybuffer',
      maxContentLength: MAX_BODY_BYTES,
      maxRedirects: 0,
      proxy: false,
      // An error would hold its response, and who keeps the error, the buffers: that was the leak.
      validateStatus: null,
    }, this.agents);
  }

  /** The relay's answer about a soul, as `classify` has it. */
  async get(soul, { signal, timeoutMs = this.timeoutMs }) {
    const begun = Date.now();
    const remaining = () => begun + timeoutMs - Date.now();
    for (let attempts = 1; ; attempts += 1) {
      const answer = await this.attempt(soul, signal, Math.min(this.attemptTimeoutMs, remaining()));
      if (answer.fault === undefined) {
        this.counts[answer.body === null ? 'missing' : 'found'] += 1;
        return answer;
      }
      const pauseMs = Math.random() * Math.min(MAX_PAUSE_MS, this.pauseMs * 2 ** (attempts - 1));
      const isLast = !answer.fault.retryable || attempts > this.retries || pauseMs >= remaining();
      if (isLast) throw this.failure(answer.fault, soul, attempts, begun);
      this.counts.retried += 1;
      await pause(pauseMs);
    }
  }

  /** One exchange. Its time is that to the last byte; axios' own `timeout` is that of a silence. */
  async attempt(soul, signal, timeoutMs) {
    if (signal && signal.aborted) throw signal.reason;
    const ending = new AbortController();
    const end = () => ending.abort();
    const timer = setTimeout(end, timeoutMs);
    if (signal) signal.addEventListener('abort', end);
    this.counts.sent += 1;
    try {
      const url = `${this.relay.url}/get?soul=${encodeURIComponent(soul)}`;
      const { status, data } = await axios.get(url, Object.assign({ signal: ending.signal }, this.options));
      return classify(status, data);
    } catch (error) {
      if (signal && signal.aborted) throw signal.reason;
      return { body: null, fault: ending.signal.aborted ? LATE : faultOf(error) };
    } finally {
      clearTimeout(timer);
      if (signal) signal.removeEventListener('abort', end);
    }
  }

  failure({ code, does, why, status, retryable, cause }, soul, attempts, begun) {
    this.failed[code] = (this.failed[code] || 0) + 1;
    const what = `relay ${this.relay.url} ${does} for soul ${JSON.stringify(soul)}${why ? `: ${why}` : ''}`;
    const times = `${attempts} attempt${attempts === 1 ? '' : 's'} in ${Date.now() - begun} ms`;
    return failure(code, `${what} (${times})`, { soul, status, attempts, retryable, cause });
  }

  stats() {
    const count = (queue) => Object.values(this.agents)
      .map((agent) => [].concat(...Object.values(agent[queue])).length)
      .reduce((sum, length) => sum + length, 0);
    return Object.assign({}, this.counts, {
      inFlight: count('sockets'),
      queued: count('requests'),
      failed: Object.assign({}, this.failed),
    });
  }
}

/** What an exchange without an answer came to. The error itself is not kept: it holds the request. */
function faultOf({ code, message }) {
  if (/maxContentLength/.test(message)) {
    return { code: 'ERR_GUN_BODY_TOO_LARGE', does: `sent more than ${MAX_BODY_BYTES} bytes`, retryable: false };
  }
  const cause = Object.assign(new Error(message), { code });
  return { code: 'ERR_GUN_CONNECT', does: 'could not be reached', why: message || code, retryable: true, cause };
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

module.exports = { Requests };
