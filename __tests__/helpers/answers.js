'use strict';

/**
 * Answers of the scripted relay. Each function returns an answer: a function that writes to the response of Node's `http`
 * server, or to its socket.
 */

/** 200 with a record. */
const record = (data) => json(JSON.stringify({ success: true, data }));

/** 200 with a record given as JSON text, for text that `JSON.stringify` never produces. */
const recordText = (data) => json(`{"success":true,"data":${data}}`);

/** 200 with this body, text or bytes. */
const json = (body) => status(200, { 'content-type': 'application/json' }, body);

/** The relay's answer for a missing soul. */
const missing = () => status(404, { 'content-type': 'application/json' }, '{"error":"Not found"}');

const missingAfter = (ms) => after(ms, missing());

/** The relay's answer to an unknown path. */
const endpointNotFound = () => status(404, {}, '{"error":"Endpoint not found"}');

const status = (code, headers = {}, body = '') => (response) => response.writeHead(code, headers).end(body);

const redirect = (location, code = 302) => status(code, { location }, 'moved');

/** The answer after a delay. */
const after = (ms, answer) => (response) => {
  const timer = setTimeout(() => answer(response), ms);
  response.once('close', () => clearTimeout(timer));
};

/** These bytes instead of an HTTP response; then the connection ends. */
const raw = (bytes) => (response) => response.socket.end(bytes);

/** These bytes, then a reset. */
const reset = (bytes = '') => (response) => {
  const { socket } = response;
  if (bytes === '') socket.resetAndDestroy();
  else socket.write(bytes, () => socket.resetAndDestroy());
};

/** The connection closes without an answer. */
const closeEarly = () => (response) => response.socket.destroy();

/** A body shorter than its content-length. */
const truncated = (body) => (response) => {
  response.writeHead(200, { 'content-length': Buffer.byteLength(body) + 100 });
  response.write(body, () => response.socket.destroy());
};

/** A chunked body without its last chunk. */
const truncatedChunks = (body) => (response) => {
  response.writeHead(200);
  response.write(body, () => response.socket.destroy());
};

/** No answer at all; the connection stays open. */
const stall = () => () => {};

/** These bytes of a response, then nothing more; the connection stays open. */
const stallAfter = (bytes) => (response) => response.socket.write(bytes);

/** An endless body, written as fast as it is read. */
const endless = () => (response) => {
  const block = Buffer.alloc(65_536, 'x');
  response.writeHead(200);
  const more = () => {
    while (!response.destroyed && response.write(block));
  };
  response.on('drain', more);
  more();
};

/** A body in pieces, one every `everyMs`. */
const drip = (pieces, everyMs) => (response) => {
  const rest = [...pieces];
  response.writeHead(200);
  const timer = setInterval(() => {
    if (rest.length > 0) response.write(rest.shift());
    else response.end();
  }, everyMs);
  response.once('close', () => clearInterval(timer));
};

module.exports = {
  after,
  closeEarly,
  drip,
  endless,
  endpointNotFound,
  json,
  missing,
  missingAfter,
  raw,
  record,
  recordText,
  redirect,
  reset,
  stall,
  stallAfter,
  status,
  truncated,
  truncatedChunks,
};
