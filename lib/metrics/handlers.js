'use strict';

const { show } = require('../arguments');
const { GunClient, defaultClient } = require('../client');
const { invalidArgument } = require('../error');
const { prometheus } = require('./prometheus');
const { isRegister, registerMetrics } = require('./register');

/** Answers with `cacheStats()` of a client, of the default one where none is given. */
function statsHandler(client) {
  if (client !== undefined && !(client instanceof GunClient)) {
    throw invalidArgument(`client must be a GunClient, got ${show(client)}`);
  }
  return handler(async () => {
    const stats = (client || defaultClient()).cacheStats();
    return { type: 'application/json; charset=utf-8', body: `${JSON.stringify(stats)}\n` };
  });
}

/** Answers with the text of a registry, or of one made for the given clients, for the default one where none is given. */
function metricsHandler(source) {
  let register = source;
  if (!isRegister(source)) {
    const { Registry } = prometheus();
    register = new Registry();
    registerMetrics(register, source);
  }
  return handler(async () => ({ body: await register.metrics(), type: register.contentType }));
}

/** A handler for Express or plain `http` that answers GET and HEAD with what `contents` gives at that moment. */
function handler(contents) {
  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      send(response, 405, { type: 'text/plain; charset=utf-8', body: 'GET and HEAD alone are answered here\n' });
      return;
    }
    contents().then(
      (content) => send(response, 200, content),
      (error) => send(response, 500, { type: 'text/plain; charset=utf-8', body: `${error.message}\n` }),
    );
  };
}

function send(response, status, { type, body }) {
  // Somebody else may have answered meanwhile, a middleware that limits time for one.
  if (response.headersSent) return;
  response.statusCode = status;
  response.setHeader('content-type', type);
  response.setHeader('content-length', Buffer.byteLength(body));
  response.setHeader('cache-control', 'no-store');
  response.end(body);
}

module.exports = { metricsHandler, statsHandler };
