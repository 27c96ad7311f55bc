'use strict';

const { once } = require('events');

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

module.exports = { closedAfterTest };
