'use strict';

const os = require('os');
const { version } = require('../../package.json');
const { show } = require('../arguments');
const { defaultClient, figuresOf, relayOf } = require('../client');
const { invalidArgument } = require('../error');
const { prometheus } = require('./prometheus');
const { isRegister, registerMetrics } = require('./register');
const { handlerOf } = require('./respond');

/** Answers with `cacheStats()` of a client, by default the default one, and more: see `statsOf`. */
function statsHandler(client) {
  if (client !== undefined && !hasStats(client)) throw invalidArgument(`client must be a GunClient, got ${show(client)}`);
  return jsonHandler(() => statsOf(client || defaultClient()));
}

function jsonHandler(read) {
  return handlerOf(() => ({ type: 'application/json; charset=utf-8', body: `${JSON.stringify(read())}\n` }));
}

/** `cacheStats()`, how calls ended and how long requests took, if the client counts that, and which process this is. */
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

/** Answers with the text of a registry, or of one made for the given clients, by default for the default one. */
function metricsHandler(source) {
  let register = source;
  if (!isRegister(source)) {
    const { Registry } = prometheus();
    register = new Registry();
    registerMetrics(register, source);
  }
  return handlerOf(async () => ({ body: await register.metrics(), type: register.contentType }));
}

/** Anything with statistics will do: a GunClient, the module itself, or what an application wraps around them. */
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
