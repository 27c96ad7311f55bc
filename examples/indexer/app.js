'use strict';

const express = require('express');
const { parseQuery } = require('./query');
const { findRecords } = require('./records');
const { gunRelayRoutes } = require('./routes/gun-relay');

/** The indexer's HTTP side, over the records that the sync cycles have brought. */
function createApp(records) {
  const app = express();
  app.disable('x-powered-by');
  app.get('/api/records', (request, response) => {
    const { query, reason } = parseQuery(request.query);
    if (reason) return response.status(400).json({ error: reason });
    return response.json(findRecords(records, query));
  });
  app.get('/api/health', (request, response) => response.json({ status: 'ok', uptimeSeconds: Math.floor(process.uptime()) }));
  app.use('/gun-relay', gunRelayRoutes());
  app.use((request, response) => response.status(404).json({ error: `no such path: ${request.path}` }));
  return app;
}

module.exports = { createApp };
