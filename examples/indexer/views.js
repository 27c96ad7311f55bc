'use strict';

const path = require('path');
const { PlainClient } = require('./helpers/plain');

const PAGE = path.join(__dirname, 'gun.html');
/** The page has all that it needs within and asks its own server alone. */
const POLICY = "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:";

/**
 * Mounts what operators look at: `/gun`, a page that shows the figures of `/api/gun/stats` as they change, and, for a
 * client of gun-native, `/metrics` for Prometheus.
 *
 * @param {import('express').Express} app
 * @param {object} client a GunClient, the module gun-native for its default client, or the PlainClient of the helper
 */
function mountViews(app, client) {
  app.get('/gun', (request, response) => {
    response.set({ 'content-security-policy': POLICY, 'cache-control': 'no-store' });
    response.sendFile(PAGE);
  });
  const handler = metricsOf(client);
  if (handler) app.use('/metrics', handler);
}

/** A handler, where the client keeps figures for one. The way back to plain JavaScript must not load the addon. */
function metricsOf(client) {
  if (client instanceof PlainClient) return undefined;
  const { Registry, collectDefaultMetrics } = require('prom-client');
  const { metricsHandler, registerMetrics } = require('gun-native/metrics');
  const register = new Registry();
  collectDefaultMetrics({ register });
  registerMetrics(register, client === require('gun-native') ? undefined : client);
  return metricsHandler(register);
}

module.exports = { mountViews };
