'use strict';

// The relay of the soaks, in a process of its own; start-relay.js starts it, with options as JSON:
//   seed    it has what the world of this seed stores; without it nothing
//   stored  records that were put before it was started again: [[soul, data], ...]
//   port    where to listen; any free port by default
//   waitMs  how long it waits before it says missing; the message { waitMs } changes that
// A soul that begins with `reset:` or `status:` fails. Puts are told to the starter: whoever starts it again has them.

const http = require('http');
const { worldOf } = require('./world');

const { seed, stored = [], port = 0, waitMs = 0 } = JSON.parse(process.argv[2]);
const RELISTEN_MS = 10;
const FAILED_BODY = '{"error":"Out of order, and it takes some words to say so"}';

const records = new Map([...(seed === undefined ? [] : worldOf(seed).stored), ...stored]);
let missingAfterMs = waitMs;

const server = http.createServer((request, response) => {
  if (request.method === 'POST') return put(request, response);
  const soul = new URL(request.url, 'http://relay').searchParams.get('soul');
  if (soul.startsWith('reset:')) return response.socket.destroy();
  if (soul.startsWith('status:')) return reply(response, 500, FAILED_BODY);
  if (records.has(soul)) return reply(response, 200, JSON.stringify({ success: true, data: records.get(soul) }));
  const sayMissing = () => reply(response, 404, '{"error":"Not found"}');
  return missingAfterMs === 0 ? sayMissing() : setTimeout(sayMissing, missingAfterMs);
});

function put(request, response) {
  let text = '';
  request.setEncoding('utf8').on('data', (part) => (text += part));
  request.on('end', () => {
    const { soul, data } = JSON.parse(text);
    records.set(soul, data);
    process.send({ put: [soul, data] });
    reply(response, 200, JSON.stringify({ success: true, soul }));
  });
}

function reply(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body);
}

// After a restart the port may still be taken by a connection that was on its way to it.
server.on('error', (error) => {
  if (error.code !== 'EADDRINUSE') throw error;
  setTimeout(listen, RELISTEN_MS);
});
const listen = () => server.listen(port, '127.0.0.1');
server.on('listening', () => process.send({ port: server.address().port }));
process.on('message', (message) => (missingAfterMs = message.waitMs));
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => {}); // Ctrl-C reaches the whole group; the starter answers it for all
listen();
