'use strict';

// A relay over the npm package `gun`, in its own process because GUN's timers cannot be stopped. Started by index.js, which
// passes the options as JSON. The first line on stdout is `{"url":...}`; it exits when stdin closes.

const fs = require('fs');
const http = require('http');
const os = require('os');
const path = require('path');

const { waitMs = 3000, parse = true } = JSON.parse(process.argv[2] || '{}');

// GUN prints to the console, but stdout is for index.js.
for (const name of ['log', 'info', 'warn', 'debug']) console[name] = () => {};

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-relay-'));
process.on('exit', () => {
  process.chdir(os.tmpdir()); // Windows removes no folder that a process works in
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }); // nor one whose files are still being written
});
process.on('SIGTERM', () => process.exit(0));
// Ctrl-C reaches the whole process group; the parent ends this process after its own last request.
process.on('SIGINT', () => {});
process.chdir(folder);

const Gun = require('gun');

const PUT_SETTLES_MS = 100;
const FIELDS_OF_JSON = ['data', 'oip'];
let requests = 0;

const server = http.createServer((request, response) => {
  const url = new URL(`http://relay${request.url}`); // joined as text: as a reference, `//` would be no URL at all
  if (url.pathname === '/requests') return reply(response, 200, { requests });
  requests += 1;
  const route = { 'GET /get': get, 'POST /put': put, 'GET /list': list }[`${request.method} ${url.pathname}`];
  if (route === undefined) return reply(response, 404, { error: 'Endpoint not found' });
  return route(url, request, response);
});

// Without `multicast: false` and `axe: false` the package sends packets to the network.
const gun = Gun({
  web: server,
  peers: [],
  multicast: false,
  axe: false,
  localStorage: false,
  radisk: true,
  file: path.join(folder, 'data'),
});

function reply(response, status, body) {
  if (response.writableEnded) return;
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Waits for a node, for at most `waitMs`. */
function get(url, request, response) {
  const soul = url.searchParams.get('soul');
  if (!soul) return reply(response, 400, { error: 'Soul parameter required' });
  const timer = setTimeout(() => reply(response, 404, { error: 'Not found' }), waitMs);
  // Without "wait", GUN delays an existing node by 99 ms; the real relay answers within a few.
  return gun.get(soul).once((node) => {
    if (node === undefined || node === null) return;
    clearTimeout(timer);
    reply(response, 200, { success: true, data: recordOf(node) });
  }, { wait: 1 });
}

/** A node without GUN's metadata and without fields that were set to null. */
function recordOf(node) {
  const record = {};
  for (const [key, value] of Object.entries(node)) {
    if (key === '_' || value === null) continue;
    record[key] = parse && FIELDS_OF_JSON.includes(key) ? parsed(value) : value;
  }
  return record;
}

function parsed(value) {
  try {
    return JSON.parse(value);
  } catch (notJson) {
    return value;
  }
}

function put(url, request, response) {
  let text = '';
  request.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  request.on('end', () => {
    const body = parsed(text);
    if (!isPut(body)) return reply(response, 400, { error: 'soul and data required' });
    gun.get(body.soul).put(body.data);
    if (!souls.includes(body.soul)) souls.push(body.soul);
    return setTimeout(() => reply(response, 200, { success: true, soul: body.soul }), PUT_SETTLES_MS);
  });
}

function isPut(body) {
  const isObject = (value) => typeof value === 'object' && value !== null;
  return isObject(body) && typeof body.soul === 'string' && body.soul !== '' && isObject(body.data);
}

const souls = [];

/** The souls of a publisher, by their prefix. */
function list(url, request, response) {
  const publisher = url.searchParams.get('publisherHash');
  if (!publisher) return reply(response, 400, { error: 'publisherHash parameter required' });
  return reply(response, 200, { success: true, souls: souls.filter((soul) => soul.startsWith(`${publisher}:`)) });
}

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })}\n`);
});
process.stdin.on('end', () => process.exit(0)).resume();
