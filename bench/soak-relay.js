'use strict';

// The relay of the soaks, in a process of its own: it says missing at once, and fails where the soul says so. The first
// line on stdout is its URL; it ends when stdin closes.

const http = require('http');

const server = http.createServer((request, response) => {
  const soul = new URL(request.url, 'http://relay').searchParams.get('soul');
  if (soul.startsWith('reset:')) return response.socket.destroy();
  const status = soul.startsWith('status:') ? 500 : 404;
  response.writeHead(status, { 'content-type': 'application/json' });
  return response.end(status === 404 ? '{"error":"Not found"}' : '{"error":"Out of order, and it takes some words to say so"}');
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
process.stdin.on('end', () => process.exit(0)).resume();
