'use strict';

const { read } = require('./answer');
const { MissingCache } = require('./cache');
const { log } = require('./environment');
const { failure } = require('./failure');
const { depthOf, referencesIn } = require('./references');
const { Requests } = require('./requests');
const { checkSoul } = require('./soul');
const { relayOf } = require('../relay');

const STATS_EVERY = 100;

/**
 * What gun-native does, in plain JavaScript, for GUN_NATIVE=off: then the addon is not even loaded. It answers the same
 * and logs the same. It does not join the requests of callers, and its work is the main thread's.
 */
class PlainClient {
  constructor({ relay = relayOf(process.env.GUN_PEERS), cache, requests } = {}) {
    this.cache = new MissingCache(cache);
    this.requests = new Requests(relay, requests);
    this.counts = { hits: 0, total: 0, coalesced: 0 };
    this.settled = { hits: 0, total: 0 };
  }

  async getRecord(soul, options) {
    const [answer] = await this.getRecords([soul], options);
    if (answer instanceof Error) throw answer;
    return answer;
  }

  /** One answer per soul, in order: the record, `null`, or the error. Each soul is asked for once. */
  async getRecords(souls, options) {
    if (!Array.isArray(souls)) throw failure('ERR_GUN_INVALID_ARGUMENT', 'souls must be an array');
    const { signal, timeoutMs, fresh, resolveRefs } = options || {};
    const depth = depthOf(resolveRefs);
    const bodies = new Map();
    const answers = souls.map((soul) => this.answer(soul, { signal, timeoutMs, fresh, depth, bodies, path: [] }));
    return Promise.all(answers.map((answer) => answer.catch((error) => {
      if (signal && signal.aborted) throw signal.reason;
      return error;
    })));
  }

  /** A record with what it refers to. Callers change their records, so each is read anew from the body. */
  async answer(soul, call) {
    checkSoul(soul);
    const record = read(await this.body(soul, call));
    if (record === null || call.depth === 0) return record;
    const within = Object.assign({}, call, { depth: call.depth - 1, path: [...call.path, soul] });
    const references = referencesIn(record).filter((reference) => !within.path.includes(reference.soul));
    await Promise.all(references.map(async ({ holder, key, soul: child }) => {
      const value = await this.answer(child, within);
      if (value !== null) Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
    }));
    return record;
  }

  /** The body of the relay's answer; `null` where the soul is missing. */
  async body(soul, call) {
    const { bodies } = call;
    const isHit = !call.fresh && this.cache.has(soul);
    count(this.counts, isHit);
    try {
      if (isHit) return null;
      if (bodies.has(soul)) this.counts.coalesced += 1;
      else bodies.set(soul, this.ask(soul, call));
      return await bodies.get(soul);
    } finally {
      count(this.settled, isHit);
      if (this.settled.total % STATS_EVERY === 0) this.logStats();
    }
  }

  async ask(soul, call) {
    const { generation } = this.cache;
    const { body, isMissing } = await this.requests.get(soul, call);
    if (isMissing) this.cache.remember(soul, generation);
    else if (body !== null) this.cache.forget(soul);
    return body;
  }

  logStats() {
    const { hits, total } = this.settled;
    const rate = ((100 * hits) / total).toFixed(1);
    log(`📊 [GUN 404 Cache] ${hits}/${total} hits (${rate}% cache hit rate, ${this.cache.size} cached souls)`);
  }

  cacheStats() {
    const { hits, total, coalesced } = this.counts;
    const requests = Object.assign({ coalesced }, this.requests.stats());
    return Object.assign({ hits, total, hitRate: total === 0 ? 0 : hits / total }, this.cache.stats(), { requests });
  }

  invalidate(soul) {
    checkSoul(soul);
    return this.cache.invalidate(soul);
  }
}

function count(counts, isHit) {
  counts.total += 1;
  if (isHit) counts.hits += 1;
}

module.exports = { PlainClient };
