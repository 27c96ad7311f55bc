'use strict';

const http = require('http');
const { openClient } = require('./relay');

/**
 * What a call comes to at a relay on loopback that answers as told: a failure cannot be had from a healthy relay.
 *
 * @param {(response: http.ServerResponse) => void} answer
 * @returns {Promise<object | null | Error>} the record, null or the error
 */
async function callAt(answer) {
  const server = http.createServer((request, response) => answer(response));
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const client = openClient({ relayUrl: `http://127.0.0.1:${server.address().port}` }, { backoff: { baseMs: 1, maxMs: 2 } });
  const outcome = await client.getRecord('gun-native-verify:stand-in').catch((error) => error);
  await client.close();
  await new Promise((resolve) => server.close(resolve));
  return outcome;
}

/** Says what a relay says to a path that it does not know. */
function endpointNotFound(response) {
  response.writeHead(404, { 'content-type': 'application/json', connection: 'close' }).end('{"error":"Endpoint not found"}');
}

/** Closes the connection. */
function closed(response) {
  response.socket.destroy();
}

module.exports = { callAt, closed, endpointNotFound };
