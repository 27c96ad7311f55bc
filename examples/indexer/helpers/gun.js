'use strict';

const axios = require('axios');
const { isPrivate, seal, unseal } = require('./private');

const RELAY = (process.env.GUN_PEERS || 'http://gun-relay:8765').split(',')[0];
const MAX_RETRIES = 2;
const RETRY_DELAY_MS = 200;
const GET_TIMEOUT_MS = 20000;
const PUT_TIMEOUT_MS = 30000;
const MISSING_TTL_MS = 3600000;

/** Souls that were missing, with the time. Like the helper it models, it is not cleared by a put, and old marks count. */
const missing = new Map();
setInterval(forgetOldMarks, MISSING_TTL_MS).unref();

console.log('📡 GUN helper initialized');

/** Records of this node's relay: fetched, decrypted and parsed. */
class GunHelper {
  /** The record, or null if it is missing; also null if it could not be fetched, with a line in the log. */
  async getRecord(soul, options = {}) {
    try {
      const record = await this.fetchRecord(soul);
      return record === null ? null : await readable(record, options);
    } catch (error) {
      console.error(`⚠️  Error in getRecord after ${MAX_RETRIES} retries: ${error.message}`);
      return null;
    }
  }

  /** The record as the relay has it, or null. */
  async fetchRecord(soul) {
    if (missing.has(soul)) return null;
    for (let attempt = 0; ; attempt += 1) {
      try {
        const response = await axios.get(`${RELAY}/get`, { params: { soul }, timeout: GET_TIMEOUT_MS });
        return response.data.data;
      } catch (error) {
        const is404 = error.response && error.response.status === 404;
        if (is404) {
          missing.set(soul, Date.now());
          return null;
        }
        if (attempt === MAX_RETRIES) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS * 2 ** attempt));
    }
  }

  /** Stores a record: `data` and `oip` as strings of JSON, or with `encrypt` the data encrypted for the user. */
  async putRecord(recordData, soul, options = {}) {
    const stored = { ...recordData };
    if (options.encrypt) Object.assign(stored, await seal(recordData, options));
    else if (isObject(stored.data)) stored.data = JSON.stringify(stored.data);
    if (isObject(stored.oip)) stored.oip = JSON.stringify(stored.oip);
    return { ...(await this.putSimple(stored, soul)), encrypted: Boolean(options.encrypt) };
  }

  /** Stores fields as they are. */
  async putSimple(data, soul) {
    await axios.post(`${RELAY}/put`, { soul, data }, { timeout: PUT_TIMEOUT_MS });
    return { soul, did: `did:gun:${soul}` };
  }

  /** Sets every field of a record to null, which is how GUN forgets. Resolves with whether there was a record. */
  async deleteRecord(soul) {
    const record = await this.getRecord(soul);
    if (record === null) return false;
    await this.putSimple(Object.fromEntries(Object.keys(record).map((field) => [field, null])), soul);
    return true;
  }

  computeSoul(publisherHash, localId) {
    return `${publisherHash}:${localId}`;
  }

  /** The records of a publisher that can be read. */
  async listUserRecords(publisherHash, options) {
    const { data } = await axios.get(`${RELAY}/list`, { params: { publisherHash }, timeout: GET_TIMEOUT_MS });
    const records = [];
    for (const soul of data.souls) {
      const record = await this.getRecord(soul, options);
      if (record !== null) records.push({ soul, ...record });
    }
    return records;
  }
}

/** A record with its data decrypted, if the caller may, and `data` and `oip` parsed. */
async function readable(record, options) {
  const isSealed = isPrivate(record) && Boolean(options.userPassword);
  const opened = isSealed ? await unseal(record, options) : record;
  return { ...opened, ...parsed('data', opened), ...parsed('oip', opened) };
}

function parsed(field, { [field]: text }) {
  try {
    return typeof text === 'string' ? { [field]: JSON.parse(text) } : {};
  } catch (notJson) {
    return {};
  }
}

function forgetOldMarks() {
  const oldest = Date.now() - MISSING_TTL_MS;
  for (const [soul, at] of missing) if (at < oldest) missing.delete(soul);
}

function isObject(value) {
  return typeof value === 'object' && value !== null;
}

module.exports = { GunHelper, RELAY };
