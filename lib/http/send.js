'use strict';

const PREFIX = '{"success":true,"data":';
const SUFFIX = '}';
/** Bytes of a record in JavaScript's memory at a time: enough to fill a socket, little even for a hundred clients. */
const CHUNK_BYTES = 65536;

/** Sends a record from native memory, one chunk whenever the socket has room. Always releases the body. */
async function sendBody(request, response, body, idleTimeoutMs) {
  try {
    if (isOver(response) || response.headersSent) return;
    response.statusCode = 200;
    setHeaders(response, PREFIX.length + body.length + SUFFIX.length);
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    response.write(PREFIX);
    for (let chunk = body.read(CHUNK_BYTES); chunk.length > 0; chunk = body.read(CHUNK_BYTES)) {
      if (!response.write(chunk)) await hasRoom(response, idleTimeoutMs);
      if (isOver(response)) return;
    }
    response.end(SUFFIX);
  } finally {
    body.release();
  }
}

/** Answers with JSON, unless something else has already answered, such as a middleware with a timeout. */
function sendJson(request, response, status, value) {
  if (isOver(response)) return;
  if (response.headersSent) {
    // The headers are already sent; a client notices the missing bytes by the announced length.
    response.destroy();
    return;
  }
  const text = JSON.stringify(value);
  response.statusCode = status;
  setHeaders(response, Buffer.byteLength(text));
  response.end(request.method === 'HEAD' ? undefined : text);
}

function setHeaders(response, length) {
  response.setHeader('content-type', 'application/json');
  response.setHeader('content-length', length);
}

function isOver(response) {
  return response.destroyed || response.writableEnded;
}

/** Resolves when a response takes bytes again or is closed. Closes it if its client takes none for too long. */
function hasRoom(response, idleTimeoutMs) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => response.destroy(), idleTimeoutMs);
    const end = () => {
      clearTimeout(timer);
      response.removeListener('drain', end);
      response.removeListener('close', end);
      resolve();
    };
    response.once('drain', end);
    response.once('close', end);
  });
}

module.exports = { sendBody, sendJson };
