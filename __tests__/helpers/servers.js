'use strict';

const { once } = require('events');
const http = require('http');

const servers = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }
});

/** Closes an HTTP server and its connections after the test. */
function closedAfterTest(server) {
  servers.push(server);
  return server;
}

/** Starts listening; resolves with the port and a function that requests a path. */
async function serving(server) {
  closedAfterTest(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const ask = (target, { method = 'GET' } = {}) => new Promise((resolve, reject) => {
    const request = http.request({ port, path: target, method, agent: false, host: '127.0.0.1' }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk)).on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() }));
    });
    request.on('error', reject).end();
  });
  return { ask, port };
}

module.exports = { closedAfterTest, serving };
