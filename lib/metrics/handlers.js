'use strict';

const os = require('os');
const { version } = require('../../package.json');
const { show } = require('../arguments');
const { defaultClient, relayOf } = require('../client');
const { invalidArgument } = require('../error');
const { prometheus } = require('./prometheus');
const { isRegister, registerMetrics } = require('./register');
const { handlerOf } = require('./respond');

/** Answers with `cacheStats()` of a client, by default the default one, and which process that is. */
function statsHandler(client) {
  if (client !== undefined && !hasStats(client)) throw invalidArgument(`client must be a GunClient, got ${show(client)}`);
  return handlerOf(() => {
    const used = client || defaultClient();
    const stats = Object.assign(used.cacheStats(), { process: processOf(used) });
    return { type: 'application/json; charset=utf-8', body: `${JSON.stringify(stats)}\n` };
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

module.exports = { hasStats, metricsHandler, statsHandler };
