'use strict';

const axios = require('axios');
const express = require('express');
const { RELAY } = require('../helpers/gun');

const TIMEOUT_MS = 10000;
const AS_TEXT = { responseType: 'text', transformResponse: [(text) => text] };

/** This node's relay for its peers. */
function gunRelayRoutes() {
  const router = express.Router();
  router.get('/get', async (request, response) => {
    try {
      const answer = await axios.get(`${RELAY}/get`, { params: request.query, timeout: TIMEOUT_MS, ...AS_TEXT });
      response.type('application/json').send(answer.data);
    } catch (error) {
      // As in the program that this models, the status is ignored: peers receive a 500 for a missing record.
      response.status(500).json({ error: error.message, success: false });
    }
    // And it collects garbage after each answer (node --expose-gc), because large answers used to pile up.
    if (global.gc) global.gc();
  });
  return router;
}

module.exports = { gunRelayRoutes };
