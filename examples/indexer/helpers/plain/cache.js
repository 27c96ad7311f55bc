'use strict';

const { log, numberOf } = require('./environment');

/** The souls that the relay has said to be missing, each with the time until which that is believed. */
class MissingCache {
  constructor({ capacity, ttlMs, sweepEveryMs } = {}) {
    this.capacity = numberOf(capacity, 'GUN_404_CACHE_SIZE', 10000);
    this.ttlMs = numberOf(ttlMs, 'GUN_404_CACHE_TTL_MS', 3600000);
    this.souls = new Map();
    /** Grows with each invalidation: what a request that began before has to say of a soul is not remembered. */
    this.generation = 0;
    this.counts = { inserts: 0, evictions: 0, expirations: 0, invalidations: 0 };
    setInterval(() => this.sweep(), numberOf(sweepEveryMs, 'GUN_404_CACHE_SWEEP_MS', 3600000)).unref();
  }

  get size() {
    return this.souls.size;
  }

  has(soul) {
    const until = this.souls.get(soul);
    if (until === undefined) return false;
    if (Date.now() < until) return true;
    this.souls.delete(soul);
    this.counts.expirations += 1;
    return false;
  }

  remember(soul, generation) {
    if (generation !== this.generation || this.capacity === 0) return;
    if (this.souls.size >= this.capacity && !this.souls.has(soul)) {
      this.souls.delete(this.souls.keys().next().value); // the oldest
      this.counts.evictions += 1;
    }
    if (!this.souls.has(soul)) this.counts.inserts += 1;
    this.souls.set(soul, Date.now() + this.ttlMs);
  }

  /** The relay has it. */
  forget(soul) {
    const wasMissing = this.souls.delete(soul);
    if (wasMissing) this.counts.invalidations += 1;
    return wasMissing;
  }

  invalidate(soul) {
    this.generation += 1;
    return this.forget(soul);
  }

  sweep() {
    const before = this.souls.size;
    const now = Date.now();
    for (const [soul, until] of this.souls) if (until <= now) this.souls.delete(soul);
    const cleaned = before - this.souls.size;
    this.counts.expirations += cleaned;
    if (cleaned > 0) log(`🧹 [GUN 404 Cache] Cleaned ${cleaned} expired entries, ${this.souls.size} remain`);
  }

  stats() {
    return Object.assign({ size: this.size, capacity: this.capacity, ttlMs: this.ttlMs }, this.counts);
  }
}

module.exports = { MissingCache };
