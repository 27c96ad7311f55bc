'use strict';

// The relay of the benchmarks and of `npm run outage`: the scripted relay in a process of its own. A client chooses what
// happens by its base URL, /<tag>/<behaviour>/<argument>/get, and the requests of each tag are counted separately:
//   found/<bytes>, found-utf8/<bytes>   a record of about that size
//   missing/0                           404 {"error":"Not found"}, at once
//   missing-after/<ms>                  the same after a delay, as the real relay does
//   failing/<status>                    that status with 16 KiB of text

const net = require('net');
const { startRelayProcess } = require('../__tests__/helpers/relay-process');
const { endpointNotFound, missing, missingAfter, stall, status } = require('../__tests__/helpers/answers');
const { bodyOf } = require('./record');

const JSON_HEADERS = { 'content-type': 'application/json' };
const FAILING_BODY = JSON.stringify({ error: 'Unavailable', detail: 'x'.repeat(16 * 1024) });

const found = (behaviour) => (bytes, soul) => status(200, JSON_HEADERS, bodyOf(behaviour, bytes, soul));
const BEHAVIOURS = {
  found: found('found'),
  'found-utf8': found('found-utf8'),
  missing,
  'missing-after': missingAfter,
  failing: (code) => status(code, JSON_HEADERS, FAILING_BODY),
};

/** Starts it; `become` makes it `well`, `dead` (nothing listens, connections are cut) or `hanging` (no request is answered). */
async function startRelay() {
  const { url, ask, stop, kill } = await startRelayProcess(__filename);
  return {
    url,
    fillUrl: await ask('startFiller'),
    requests: (tag) => ask('requests', tag),
    reset: () => ask('reset'),
    become: (state) => ask('become', state),
    stop,
    kill,
  };
}

function script(_options, relay) {
  const counts = new Map();
  const { port } = relay;
  let isHanging = false;
  const answer = (soul, _attempt, { url }) => {
    const [, tag, behaviour, argument] = url.split('/', 4);
    if (isHanging) return stall();
    if (!BEHAVIOURS[behaviour] || soul === null) return endpointNotFound();
    counts.set(tag, (counts.get(tag) ?? 0) + 1);
    return BEHAVIOURS[behaviour](Number(argument), soul);
  };
  const become = async (state) => {
    isHanging = state === 'hanging';
    if (state === 'dead') await relay.close();
    else if (!relay.isListening) await relay.listen(port);
  };
  return { answer, commands: { requests: (tag) => counts.get(tag) ?? 0, reset: () => counts.clear(), become, startFiller } };
}

/**
 * Starts a second server for filling caches with a million souls, where an HTTP server would take most of the time. It
 * answers each chunk as one request (no client here pipelines), and nothing is timed against it.
 */
function startFiller() {
  const body = '{"error":"Not found"}';
  const bytes = Buffer.from(`HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  const filler = net.createServer({ noDelay: true }, (socket) => {
    socket.on('data', () => socket.write(bytes));
    socket.on('error', () => socket.destroy());
  });
  return new Promise((resolve) => filler.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${filler.address().port}`)));
}

module.exports = { script, startRelay };
