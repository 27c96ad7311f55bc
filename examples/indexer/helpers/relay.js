'use strict';

const axios = require('axios');

const DEFAULT_RELAY = 'http://gun-relay:8765';
/** A put waits for the relay's disk. */
const PUT_TIMEOUT_MS = 30000;

/** The first http(s) entry of a list of peers: its address, which may be shown, and its credentials, which may not. */
function relayOf(peers) {
  const entries = (peers || DEFAULT_RELAY).split(',').map((entry) => entry.trim());
  const url = parsed(entries.find((entry) => /^https?:\/\//i.test(entry)));
  const relay = { url: (url.origin + url.pathname).replace(/\/+$/, '') };
  if (url.username || url.password) {
    const auth = { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
    Object.defineProperty(relay, 'auth', { value: auth }); // hidden: no log shows it
  }
  return relay;
}

function parsed(entry) {
  try {
    return new URL(entry);
  } catch ({ code }) {
    // The error itself holds the address, credentials and all.
    return fail(`environment variable GUN_PEERS has no entry that is an http or https URL (${code})`);
  }
}

function fail(message) {
  throw new Error(message);
}

/** Stores fields under a soul. No error holds the request or its answer: who keeps the error would keep their buffers. */
async function put(relay, soul, data) {
  const options = { auth: relay.auth, timeout: PUT_TIMEOUT_MS, proxy: false, maxRedirects: 0, validateStatus: null };
  const answer = await axios.post(`${relay.url}/put`, { soul, data }, options).catch(({ code, message }) => ({ what: code || message }));
  const isStored = answer.status === 200 && answer.data && answer.data.success === true;
  if (!isStored) fail(`relay ${relay.url} did not store soul ${JSON.stringify(soul)}: ${answer.what || answer.status}`);
}

module.exports = { put, relayOf };
