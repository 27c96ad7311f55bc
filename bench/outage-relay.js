'use strict';

// The relay of the outage, in a process of its own. It does what it is told by message and says when it is done:
//   well      every soul has a record
//   dead      nothing listens, and every connection is cut
//   hanging   connections and requests are taken, and nothing is answered, not even when the relay is well again
// It ends with the process that started it.

const http = require('http');

let isWell = true;
const server = http.createServer((request, response) => {
  if (isWell) response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true,"data":{"n":1}}');
});
let port = 0;

function listen(done) {
  server.listen(port, '127.0.0.1', () => {
    ({ port } = server.address());
    done();
  });
}

const become = {
  well(done) {
    isWell = true;
    if (server.listening) done();
    else listen(done);
  },
  dead(done) {
    server.close(done);
    server.closeAllConnections();
  },
  hanging(done) {
    isWell = false;
    done();
  },
};

process.on('message', (state) => become[state](() => process.send({ state, port })));
process.on('disconnect', () => process.exit());
