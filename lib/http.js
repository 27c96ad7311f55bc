'use strict';

const { show } = require('./arguments');
const { GunClient, bodyOf, defaultClient } = require('./client');
const { invalidArgument } = require('./error');
const { sendBody, sendJson } = require('./http/send');

/** How long a client may take no byte of an answer before its connection is closed. */
const IDLE_TIMEOUT_MS = 60000;
/** For failures that pass: the circuit is probed, and the queue moves, every second. */
const RETRY_AFTER_S = 1;
const STATUS_OF_CODE = {
  ERR_GUN_INVALID_ARGUMENT: 400,
  ERR_GUN_CIRCUIT_OPEN: 503,
  ERR_GUN_CLOSED: 503,
  ERR_GUN_OVERLOADED: 503,
  ERR_GUN_TIMEOUT: 504,
};

/** Serves records as a relay does. `http.d.ts` documents it. */
function relayHandler(options) {
  const { client, idleTimeoutMs } = checked(options);
  const serve = (request, response, next) => {
    if (!isRecordPath(request)) {
      if (next) next();
      else sendJson(request, response, 404, { error: 'Endpoint not found' });
      return;
    }
    // It ends the response by itself, whatever happens; a rejection could only come from a response that throws.
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

/** Fastify hands out wrappers; what its hooks set as headers is kept. */
function serveFastify(request, reply, serve) {
  reply.hijack();
  const headers = reply.getHeaders();
  for (const name of Object.keys(headers)) reply.raw.setHeader(name, headers[name]);
  // The route was chosen by its path already.
  serve(Object.assign(request.raw, { route: true }), reply.raw);
}

/** Whether a record is asked for: on a route that somebody gave to the handler alone, or by a path as the relay has it. */
function isRecordPath(request) {
  return request.route !== undefined || urlOf(request).split('?', 1)[0].endsWith('/get');
}

/** The whole URL; Express shows a handler only what is behind the path that it is mounted at. */
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
    // An invalid environment is no fault of the relay, nor of who asks.
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
