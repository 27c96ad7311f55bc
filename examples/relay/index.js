'use strict';

const { spawn } = require('child_process');
const { once } = require('events');
const path = require('path');

/**
 * Starts a relay over the npm package `gun` on a free port of loopback.
 *
 * @param {object} [options]
 * @param {number} [options.waitMs] how long it waits for its peers before it answers `Not found`; 3,000, as the real relay
 * @param {boolean} [options.parse] whether it parses `data` and `oip` when they are strings of JSON; true
 * @returns {Promise<{url: string, requests: () => Promise<number>, close: () => Promise<void>}>}
 */
async function startGunRelay(options = {}) {
  const args = [path.join(__dirname, 'serve.js'), JSON.stringify(options)];
  // However this process ends, the child's stdin then ends, and with it the relay.
  const relay = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(relay, 'exit');
  const [line] = await Promise.race([once(relay.stdout, 'data'), ended.then(failed)]);
  const { url } = JSON.parse(line);
  return {
    url,
    /** Requests so far, not counting this one. */
    requests: async () => (await (await fetch(`${url}/requests`)).json()).requests,
    close: async () => {
      relay.stdin.end();
      await ended;
    },
  };
}

function failed([code]) {
  throw new Error(`the relay ended with code ${code} before it was ready`);
}

/** Stores a record by the relay's own HTTP interface. */
async function put(relayUrl, soul, data) {
  const { url, headers } = addressOf(relayUrl);
  const body = JSON.stringify({ soul, data });
  const response = await fetch(`${url}/put`, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body });
  if (!response.ok) throw new Error(`relay ${url} answered ${response.status} to a put of ${soul}`);
  await response.arrayBuffer();
}

/** A relay's URL without credentials, which `fetch` rejects in URLs, and a header with them. */
function addressOf(relayUrl) {
  const { origin, pathname, username, password } = new URL(relayUrl);
  const url = origin + pathname.replace(/\/$/, '');
  if (!username && !password) return { url, headers: {} };
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { url, headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } };
}

module.exports = { addressOf, put, startGunRelay };
