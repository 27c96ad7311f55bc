'use strict';

const { show } = require('./arguments');
const { GunClient, bodyOf, defaultClient } = require('./client');
const { invalidArgument } = require('./error');
const { sendBody, sendJson } = require('./http/send');

/** A client that takes no byte of an answer for this long is disconnected. */
const IDLE_TIMEOUT_MS = 60000;
/** `Retry-After` of temporary failures, in seconds: the circuit is probed every second. */
const RETRY_AFTER_S = 1;
const STATUS_OF_CODE = {
  ERR_GUN_INVALID_ARGUMENT: 400,
  ERR_GUN_CIRCUIT_OPEN: 503,
  ERR_GUN_CLOSED: 503,
  ERR_GUN_OVERLOADED: 503,
  ERR_GUN_TIMEOUT: 504,
};

/** Serves records like a relay. Documented in `http.d.ts`. */
function relayHandler(options) {
  const { client, idleTimeoutMs } = checked(options);
  const serve = (request, response, next) => {
    if (!isRecordPath(request)) {
      if (next) next();
      else sendJson(request, response, 404, { error: 'Endpoint not found' });
      return;
    }
    // It always ends the response itself; it rejects only if the response throws.
    answer(request, response, client, idleTimeoutMs).catch(() => response.destroy());
  };
  return (request, response, next) => {
    if (typeof response.hijack === 'function') serveFastify(request, response, serve);
    else serve(request, response, next);
  };
}

function checked(options = {}) {
  if (typeof options !== 'object' || options === null) throw invalidArgument(`options must be an object, got ${show(options)}`);
  const { client, idleTimeoutMs = IDLE_TIMEOUT_MS } = options;
  if (client !== undefined && !(client instanceof GunClient)) {
    throw invalidArgument(`option client must be a GunClient, got ${show(client)}`);
  }
  if (!(idleTimeoutMs > 0 && idleTimeoutMs <= 2147483647)) {
    throw invalidArgument(`option idleTimeoutMs must be a number from 1 to 2147483647, got ${show(idleTimeoutMs)}`);
  }
  return { client, idleTimeoutMs };
}

/** Fastify passes wrappers; headers set by its hooks are kept. */
function serveFastify(request, reply, serve) {
  reply.hijack();
  const headers = reply.getHeaders();
  for (const name of Object.keys(headers)) reply.raw.setHeader(name, headers[name]);
  // The router has already matched the path.
  serve(Object.assign(request.raw, { route: true }), reply.raw);
}

/** Whether a request asks for a record: on a route of its own, or with a relay's path. */
function isRecordPath(request) {
  return request.route !== undefined || urlOf(request).split('?', 1)[0].endsWith('/get');
}

/** The full URL; in Express, `url` lacks the path at which a handler is mounted. */
function urlOf(request) {
  return request.originalUrl || request.url;
}

async function answer(request, response, client, idleTimeoutMs) {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    sendJson(request, response, 405, { error: 'Method not allowed' });
    return;
  }
  const souls = new URLSearchParams(urlOf(request).split('?').slice(1).join('?')).getAll('soul');
  if (souls.length !== 1 || souls[0] === '') {
    const error = souls.length > 1 ? 'Soul parameter must be given once' : 'Soul parameter required';
    sendJson(request, response, 400, { error });
    return;
  }
  let asked;
  try {
    asked = client || defaultClient();
  } catch (error) {
    // An invalid environment is neither the relay's nor the caller's fault.
    sendJson(request, response, 500, { error: error.message });
    return;
  }
  const controller = new AbortController();
  const abort = () => controller.abort();
  response.once('close', abort);
  try {
    const body = await bodyOf(asked, souls[0], { signal: controller.signal });
    if (body === null) sendJson(request, response, 404, { error: 'Not found' });
    else await sendBody(request, response, body, idleTimeoutMs);
  } catch (error) {
    if (!controller.signal.aborted) sendFailure(request, response, error);
  } finally {
    response.removeListener('close', abort);
  }
}

function sendFailure(request, response, { code, message }) {
  const status = STATUS_OF_CODE[code] || 502;
  if (status === 503 && !response.headersSent) response.setHeader('retry-after', RETRY_AFTER_S);
  sendJson(request, response, status, { error: message });
}

module.exports = { relayHandler };
