'use strict';

const os = require('os');
const { version } = require('../../package.json');
const { show } = require('../arguments');
const { defaultClient, figuresOf, relayOf } = require('../client');
const { invalidArgument } = require('../error');
const { prometheus } = require('./prometheus');
const { isRegister, registerMetrics } = require('./register');
const { handlerOf } = require('./respond');

/** Answers with the statistics of a client, by default the default client; see `statsOf`. */
function statsHandler(client) {
  if (client !== undefined && !hasStats(client)) throw invalidArgument(`client must be a GunClient, got ${show(client)}`);
  return jsonHandler(() => statsOf(client || defaultClient()));
}

function jsonHandler(read) {
  return handlerOf(() => ({ type: 'application/json; charset=utf-8', body: `${JSON.stringify(read())}\n` }));
}

/** `cacheStats()` and data about the process; also outcomes of calls and durations of requests, if the client counts them. */
function statsOf(client) {
  if (relayOf(client) === undefined) return Object.assign(client.cacheStats(), { process: processOf(client) });
  const { stats, calls, exchanges, bounds } = figuresOf(client);
  return Object.assign(stats, {
    calls: calls.by,
    callErrors: calls.failed,
    requestDurations: { boundsSeconds: bounds, counts: exchanges.durations.buckets },
    process: processOf(client),
  });
}

/** Answers with the text of a registry; by default of a new one for the given clients or the default client. */
function metricsHandler(source) {
  let register = source;
  if (!isRegister(source)) {
    const { Registry } = prometheus();
    register = new Registry();
    registerMetrics(register, source);
  }
  return handlerOf(async () => ({ body: await register.metrics(), type: register.contentType }));
}

/** Accepts anything with statistics: a GunClient, the module itself, or a wrapper around them. */
function hasStats(client) {
  return (typeof client === 'object' || typeof client === 'function') && client !== null && typeof client.cacheStats === 'function';
}

function processOf(client) {
  return {
    relay: relayOf(client),
    version,
    node: process.version,
    pid: process.pid,
    host: os.hostname(),
    uptimeMs: Math.round(process.uptime() * 1000),
  };
}

module.exports = { hasStats, jsonHandler, metricsHandler, statsHandler, statsOf };
