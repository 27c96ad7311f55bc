'use strict';

// The relay of the benchmark, in a process of its own so that its work is not counted as a client's. It answers
// GET /<tag>/<behaviour>/<argument>/get?soul=<soul>, so a client chooses what happens by its base URL, and the
// requests of each tag are counted apart:
//   found/<bytes>, found-utf8/<bytes>   a record of about that size
//   missing/0                           404 {"error":"Not found"}, at once
//   missing-after/<ms>                  the same after a wait, as the real relay does
//   failing/<status>                    that status with 16 KiB of text
// GET /-/counts tells the counts, GET /-/reset forgets them.

const http = require('http');
const net = require('net');
const { bodyOf } = require('./record');

const JSON_HEADERS = { 'Content-Type': 'application/json' };
const MISSING_BODY = '{"error":"Not found"}';
const FAILING_BODY = JSON.stringify({ error: 'Unavailable', detail: 'x'.repeat(16 * 1024) });

const counts = new Map();

// writeHead before end makes the body chunked and without Content-Length, as the real relay's is.
function answer(response, status, body) {
  response.writeHead(status, JSON_HEADERS);
  response.end(body);
}

const behaviours = {
  found: (response, bytes, soul) => answer(response, 200, bodyOf('found', bytes, soul)),
  'found-utf8': (response, bytes, soul) => answer(response, 200, bodyOf('found-utf8', bytes, soul)),
  missing: (response) => answer(response, 404, MISSING_BODY),
  'missing-after': (response, waitMs) => setTimeout(answer, waitMs, response, 404, MISSING_BODY),
  failing: (response, status) => answer(response, status, FAILING_BODY),
};

function control(response, command) {
  if (command === 'reset') counts.clear();
  answer(response, 200, JSON.stringify(Object.fromEntries(counts)));
}

function soulIn(query) {
  const text = query.slice(query.indexOf('soul=') + 'soul='.length).replaceAll('+', ' ');
  return decodeURIComponent(text);
}

const server = http.createServer((request, response) => {
  const [path, query] = request.url.split('?', 2);
  const [, tag, behaviour, argument, endpoint] = path.split('/');
  if (tag === '-') return control(response, behaviour);
  const act = behaviours[behaviour];
  if (!act || endpoint !== 'get' || !query) return answer(response, 404, '{"error":"Endpoint not found"}');
  counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return act(response, Number(argument), soulIn(query));
});

// Filling a cache with a million souls takes a million answers, and a whole HTTP server for each would be most of the
// wait. Nothing is timed against this one: each chunk is taken as one request (no client here pipelines).
const FILL_ANSWER = Buffer.from(
  `HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: ${MISSING_BODY.length}\r\n\r\n${MISSING_BODY}`,
);
const filler = net.createServer({ noDelay: true }, (socket) => {
  socket.on('data', () => socket.write(FILL_ANSWER));
  socket.on('error', () => socket.destroy());
});

server.listen(0, '127.0.0.1', () => {
  filler.listen(0, '127.0.0.1', () => {
    process.send({ port: server.address().port, fillPort: filler.address().port });
  });
});

// The relay lives as long as the harness that started it, however that ends. Ctrl-C reaches the whole process group;
// the harness answers it for all.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
