'use strict';

const { PlainClient } = require('./helpers/plain');

/**
 * Mounts what operators look at: the live page `/gun`, and `/metrics` for Prometheus. A client of plain JavaScript has
 * neither: the way back must not load the addon.
 *
 * @param {import('express').Express} app
 * @param {object} client a GunClient, the module gun-native for its default client, or the PlainClient of the helper
 */
function mountViews(app, client) {
  if (client instanceof PlainClient) return;
  const { Registry, collectDefaultMetrics } = require('prom-client');
  const { metricsHandler, mount } = require('gun-native/metrics');
  const register = new Registry();
  collectDefaultMetrics({ register });
  mount(app, { register, client: client === require('gun-native') ? undefined : client });
  app.get('/metrics', metricsHandler(register));
}

module.exports = { mountViews };
