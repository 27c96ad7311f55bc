'use strict';

const axios = require('axios');
const { RELAY } = require('./gun');
const { RECORD_TYPES, indexSoul } = require('./registry');

const INDEX_TIMEOUT_MS = 5000;
const RECORD_TIMEOUT_MS = 10000;

/** Peers of this node; without any, the node reads its own relay. */
const PEERS = (process.env.GUN_EXTERNAL_PEERS || '').split(',').map((peer) => peer.trim()).filter(Boolean);

/** One cycle: what the peers have registered and this node has not seen is fetched into `records`, a Map by soul. */
async function syncAll(records, deletions) {
  let added = 0;
  for (const peer of PEERS.length > 0 ? PEERS : [RELAY]) added += await syncPeer(peer, records, deletions);
  return added;
}

async function syncPeer(peer, records, deletions) {
  const souls = [];
  for (const recordType of RECORD_TYPES) {
    const index = await read(peer, indexSoul(recordType), INDEX_TIMEOUT_MS);
    for (const soul of Object.keys(index || {})) if (!records.has(soul)) souls.push(soul);
  }
  let added = 0;
  for (const soul of await deletions.withoutDeleted(souls)) {
    const record = await read(peer, soul, RECORD_TIMEOUT_MS);
    if (record === null) continue;
    records.set(soul, record);
    added += 1;
  }
  return added;
}

/** A peer's record, or null. */
async function read(peer, soul, timeout) {
  try {
    const response = await axios.get(`${peer}/get`, { params: { soul }, timeout });
    return response.data.data;
  } catch (error) {
    return null;
  }
}

module.exports = { PEERS, syncAll };
