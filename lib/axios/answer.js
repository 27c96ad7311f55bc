'use strict';

const { STATUS_CODES } = require('http');

/** Members of a request that change what is sent, or how. Requests with one of them are left to axios. */
const OWN_WAYS = ['auth', 'data', 'proxy', 'socketPath', 'transport', 'lookup', 'beforeRedirect', 'maxRate', 'onDownloadProgress', 'onUploadProgress'];
/** Headers that axios sends with every request; they do not change a relay's answer. */
const NEUTRAL_HEADERS = new Set(['accept', 'accept-encoding', 'content-type', 'user-agent', 'connection']);
const RESPONSE_TYPES = new Set([undefined, null, '', 'json', 'text', 'arraybuffer']);
const ENCODINGS = new Set([undefined, null, '', 'utf8', 'utf-8']);
/** The longest delay of Node's own timers. */
const MAX_TIMER_MS = 2147483647;
/** Maximum difference between the two clocks about whether a deadline has passed. */
const CLOCKS_APART_MS = 2;

/** Whether a request needs axios itself. */
function isLeftToAxios(config) {
  const { headers, responseType, responseEncoding, timeout } = config;
  if (!RESPONSE_TYPES.has(responseType) || !ENCODINGS.has(responseEncoding)) return true;
  if (OWN_WAYS.some((name) => config[name] !== undefined && config[name] !== null && config[name] !== false)) return true;
  const isTime = timeout === undefined || timeout === null || (Number(timeout) >= 0 && Number(timeout) <= MAX_TIMER_MS);
  if (!isTime) return true;
  const sent = typeof headers.toJSON === 'function' ? headers.toJSON() : headers;
  const isSent = (value) => value !== undefined && value !== null && value !== false;
  return Object.keys(sent).some((name) => !NEUTRAL_HEADERS.has(name.toLowerCase()) && isSent(sent[name]));
}

/** The relay's answer: a record's text as data, or the 404 of a missing soul. Throws what axios rejects with. */
function answerOf(text, context) {
  if (text === null) return settled(404, '{"error":"Not found"}', context);
  return settled(200, `{"success":true,"data":${text}}`, context);
}

/** A response like that of axios, which `validateStatus` may turn into an error. */
function settled(status, body, context, cause) {
  const { classes, config, request } = context;
  const { maxContentLength, responseType, validateStatus } = config;
  if (maxContentLength > -1 && Buffer.byteLength(body) > maxContentLength) {
    const message = `maxContentLength size of ${maxContentLength} exceeded`;
    throw new classes.AxiosError(message, 'ERR_BAD_RESPONSE', config, request);
  }
  const data = responseType === 'arraybuffer' ? Buffer.from(body) : body;
  const headers = { 'content-type': 'application/json' };
  const response = { data, status, statusText: STATUS_CODES[status] || '', headers, config, request };
  if (!validateStatus || validateStatus(status)) return response;
  const code = status >= 400 && status < 500 ? 'ERR_BAD_REQUEST' : 'ERR_BAD_RESPONSE';
  const error = new classes.AxiosError(`Request failed with status code ${status}`, code, config, request, response);
  throw withCause(error, cause);
}

/** Converts a failure into an error of axios with the GunError as its cause. Throws it, unless `validateStatus` accepts it. */
function failed(error, context) {
  const { classes, config, request, elapsedMs } = context;
  const axiosError = (message, code) => withCause(new classes.AxiosError(message, code, config, request), error);
  switch (error.code) {
    case 'ERR_GUN_STATUS':
      // The relay's own body is not available; its error bodies have this form.
      return settled(error.status, JSON.stringify({ error: error.message }), context, error);
    case 'ERR_GUN_TIMEOUT':
      throw axiosError(timeoutMessage(error, config, elapsedMs), clarifies(config) ? 'ETIMEDOUT' : 'ECONNABORTED');
    case 'ERR_GUN_BAD_RESPONSE':
    case 'ERR_GUN_BODY_TOO_LARGE':
      throw axiosError(error.message, 'ERR_BAD_RESPONSE');
    case 'ERR_GUN_CONNECT':
    case 'ERR_GUN_CIRCUIT_OPEN':
    case 'ERR_GUN_OVERLOADED':
      throw connectionError(axiosError, error);
    default:
      // An abort, whose reason is what axios rejects with.
      throw error;
  }
}

/** Code and name of Node's socket error; the message begins with the code, because some callers search for it there. */
function connectionError(axiosError, { message, cause }) {
  const code = (cause && cause.code) || 'ERR_NETWORK';
  return Object.assign(axiosError(`${code}: ${message}`, code), { name: 'Error' });
}

/** The message of axios if the caller's timeout has passed, otherwise that of the client's own timeout. */
function timeoutMessage({ message }, { timeout, timeoutErrorMessage }, elapsedMs) {
  if (timeoutErrorMessage) return timeoutErrorMessage;
  return timeout && elapsedMs + CLOCKS_APART_MS >= timeout ? `timeout of ${timeout}ms exceeded` : message;
}

function clarifies({ transitional }) {
  return Boolean(transitional && transitional.clarifyTimeoutError);
}

/** Adds a cause as axios does: not enumerable, so that loggers skip it. */
function withCause(error, cause) {
  if (cause !== undefined) Object.defineProperty(error, 'cause', { value: cause, writable: true, configurable: true });
  return error;
}

module.exports = { answerOf, failed, isLeftToAxios };
