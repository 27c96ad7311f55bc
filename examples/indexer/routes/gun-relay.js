'use strict';

const axios = require('axios');
const express = require('express');
const { RELAY } = require('../helpers/gun');

const TIMEOUT_MS = 10000;

/** This node's relay for its peers. */
function gunRelayRoutes() {
  const router = express.Router();
  router.get('/get', async (request, response) => {
    try {
      const answer = await axios.get(`${RELAY}/get`, { params: request.query, timeout: TIMEOUT_MS, responseType: 'text', transformResponse: [(text) => text] });
      response.type('application/json').send(answer.data);
    } catch (error) {
      // As in the program that this models, the status is not looked at: a missing record is a 500 to peers.
      response.status(500).json({ error: error.message, success: false });
    }
  });
  return router;
}

module.exports = { gunRelayRoutes };
