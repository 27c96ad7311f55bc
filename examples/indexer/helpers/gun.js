'use strict';

const { isPrivate, seal, unseal } = require('./private');
const { put, relayOf } = require('./relay');

let shared;

/** The one client of the process: gun-native's, or with GUN_NATIVE=off that of plain JavaScript. */
function sharedClient() {
  if (shared === undefined) shared = open((process.env.GUN_NATIVE || '').trim());
  return shared;
}

function open(native) {
  if (native === 'off') {
    console.log('📡 GUN helper initialized (plain JavaScript)');
    const { PlainClient } = require('./plain');
    return new PlainClient();
  }
  if (native !== '' && native !== 'on') {
    throw new Error(`environment variable GUN_NATIVE must be "on" or "off", got ${JSON.stringify(native)}`);
  }
  const client = require('gun-native');
  console.log(`📡 GUN helper initialized (gun-native ${require('gun-native/package.json').version})`);
  return client;
}

/** Records of a relay, private ones included. Many instances share one client, its cache and its connections. */
class GunHelper {
  /**
   * @param {object} [options]
   * @param {object} [options.client] what has `getRecord`, `getRecords`, `invalidate` and `cacheStats`; the shared one
   * @param {{url: string}} [options.relay] where records are put; the first http(s) entry of GUN_PEERS
   */
  constructor({ client = sharedClient(), relay = relayOf(process.env.GUN_PEERS) } = {}) {
    this.client = client;
    this.relay = relay;
  }

  /**
   * The record, or `null` where there is none, and where it could not be had: then a line in the log says why.
   *
   * @param {string} soul
   * @param {object} [options] `userPublicKey` and `userPassword` open a private record; the others are gun-native's own
   */
  async getRecord(soul, options) {
    try {
      return await this.getRecordOrThrow(soul, options);
    } catch (error) {
      logFailure(error instanceof Error ? error.message : error);
      return null;
    }
  }

  /** The record, or `null` where there is none. Throws where it could not be had. */
  async getRecordOrThrow(soul, options) {
    return opened(await this.client.getRecord(soul, optionsOfCall(options)), options);
  }

  /** One answer per soul, in order: the record, `null`, or the error, which is in the log too. */
  async getRecords(souls, options) {
    const answers = await this.client.getRecords(souls, optionsOfCall(options));
    const records = await Promise.all(answers.map((answer) => opened(answer, options).catch((error) => error)));
    const failed = records.filter((record) => record instanceof Error);
    for (const message of new Set(failed.map((error) => error.message))) logFailure(message);
    return records;
  }

  /**
   * Stores a record. Its `data` and `oip` go as strings of JSON, since GUN holds no arrays; with `encrypt` its `data` is
   * encrypted for the user, and goes as an object.
   *
   * @param {string} soul older callers give the record first: that will do as well
   * @param {object} record
   * @param {{encrypt?: boolean, userPublicKey?: string, userPassword?: string}} [options]
   */
  async putRecord(soul, record, options = {}) {
    if (isObject(soul)) return this.putRecord(record, soul, options);
    const stored = Object.assign({}, record);
    const encrypted = Boolean(options.encrypt);
    if (encrypted) Object.assign(stored, await seal(record, options));
    else if (isObject(stored.data)) stored.data = JSON.stringify(stored.data);
    if (isObject(stored.oip)) stored.oip = JSON.stringify(stored.oip);
    return Object.assign(await this.putSimple(soul, stored), { encrypted });
  }

  /** Stores these fields as they are; fields that are stored already and not named stay. */
  async putSimple(soul, fields) {
    if (isObject(soul)) return this.putSimple(fields, soul);
    try {
      await put(this.relay, soul, fields);
    } finally {
      // A put that failed may have been stored all the same. GUN makes a node of each nested object.
      for (const node of nodesOf(soul, fields)) this.client.invalidate(node);
    }
    return { soul, did: `did:gun:${soul}` };
  }

  /**
   * Sets every field of a record and of its nested objects to null, which is how GUN forgets; read again, it is missing.
   *
   * @returns {Promise<boolean>} whether there was one
   */
  async deleteRecord(soul) {
    const record = await this.client.getRecord(soul, { fresh: true });
    if (record === null || isEmpty(record)) return false;
    const own = Object.values(record).filter((value) => isObject(value) && isNodeOf(soul, value['#']));
    for (const { '#': node } of own) await this.deleteRecord(node);
    await this.putSimple(soul, Object.fromEntries(Object.keys(record).map((field) => [field, null])));
    return true;
  }

  cacheStats() {
    return this.client.cacheStats();
  }
}

// The words are older than gun-native and stay as operators search for them, however often was tried.
function logFailure(message) {
  console.error(`⚠️  Error in getRecord after 2 retries: ${message}`);
}

/** The options that are the client's. A private record is two nodes beside its own, and a user's key asks for them. */
function optionsOfCall(options) {
  if (options === undefined || options === null) return undefined;
  const { userPublicKey, userPassword, ...own } = options;
  if (userPublicKey && userPassword) own.resolveRefs = Math.max(own.resolveRefs || 0, 1);
  return own;
}

/** An answer as the callers get it: a deleted record is missing, a private one is readable to who has the password. */
async function opened(answer, options) {
  if (answer instanceof Error) throw answer;
  if (answer === null || isEmpty(answer)) return null;
  return options && options.userPassword && isPrivate(answer) ? unseal(answer, options) : answer;
}

function isObject(value) {
  return typeof value === 'object' && value !== null;
}

function isEmpty(record) {
  return Object.keys(record).length === 0;
}

function nodesOf(soul, fields) {
  const nested = Object.entries(fields).filter(([, value]) => isObject(value));
  return [soul].concat(...nested.map(([field, value]) => nodesOf(`${soul}/${field}`, value)));
}

function isNodeOf(soul, node) {
  return typeof node === 'string' && node.startsWith(`${soul}/`);
}

module.exports = { GunHelper };
