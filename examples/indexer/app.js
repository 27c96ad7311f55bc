'use strict';

const express = require('express');
const { parseQuery } = require('./query');
const { findRecords } = require('./records');
const { mountViews } = require('./views');

/** Failures that say "later" rather than "not this way". */
const LATER = ['ERR_GUN_OVERLOADED', 'ERR_GUN_CIRCUIT_OPEN', 'ERR_GUN_CLOSED'];

/**
 * The indexer's HTTP side.
 *
 * @param {{gun: import('./helpers/gun').GunHelper}} parts
 */
function createApp({ gun }) {
  const app = express();
  app.disable('x-powered-by');

  app.get('/api/records', async (request, response) => {
    const { query, reason } = parseQuery(request.query);
    if (reason) return response.status(400).json({ error: reason });
    return response.json(await findRecords(gun, query));
  });
  app.get('/api/gun/stats', (request, response) => response.json(gun.cacheStats()));
  app.get('/health', (request, response) => response.json({ status: 'ok', uptimeSeconds: Math.floor(process.uptime()) }));

  mountViews(app, gun.client);

  app.use((request, response) => response.status(404).json({ error: `no such path: ${request.path}` }));
  app.use(answerFailure);
  return app;
}

/** A relay that failed is the gateway's failure, told as such: an empty list would say that there are no records. */
function answerFailure(error, request, response, next) {
  if (response.headersSent) return next(error);
  const isRelay = typeof error.code === 'string' && error.code.startsWith('ERR_GUN_');
  if (!isRelay) console.error(`❌ ${request.method} ${request.path}: ${error.stack}`);
  const status = isRelay ? (LATER.includes(error.code) ? 503 : 502) : error.status || 500;
  return response.status(status).json({ error: error.message, code: error.code });
}

module.exports = { createApp };
