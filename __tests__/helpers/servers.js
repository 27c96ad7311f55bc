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

/** An HTTP server that is closed after the test, with what is still connected to it. */
function closedAfterTest(server) {
  servers.push(server);
  return server;
}

module.exports = { closedAfterTest };
