'use strict';

const { GunClient } = require('../client');

/** As index.d.ts has it. */
const DEFAULT_RELAY = 'http://gun-relay:8765';

/** The relay that is meant, and who says so: the option, else the environment, else nobody. */
function relayOf(option) {
  if (option !== undefined) return { relayUrl: option, saidBy: 'option --relay' };
  const peers = (process.env.GUN_PEERS || '').trim();
  if (peers === '') return { relayUrl: DEFAULT_RELAY, saidBy: 'the default relay' };
  const first = peers.split(',').map((peer) => peer.trim()).find((peer) => /^https?:\/\//i.test(peer));
  return { relayUrl: first || peers, saidBy: 'environment variable GUN_PEERS' };
}

/** A client for a relay, silent where `options` has no logger. A bad address is told by the name of who said it. */
function openClient({ relayUrl, saidBy }, options) {
  try {
    return new GunClient(Object.assign({ logger: false }, options, { relayUrl }));
  } catch (error) {
    error.message = error.message.replace('option relayUrl', saidBy);
    throw error;
  }
}

/** The address as it may be shown: without credentials. */
function shown({ relayUrl }) {
  const url = new URL(relayUrl);
  return `${url.origin}${url.pathname}`.replace(/\/$/, '');
}

module.exports = { DEFAULT_RELAY, openClient, relayOf, shown };
