'use strict';

const { createHash } = require('crypto');
const { uniformFloat64 } = require('pure-rand/distribution/uniformFloat64');
const { uniformInt } = require('pure-rand/distribution/uniformInt');
const { xoroshiro128plus } = require('pure-rand/generator/xoroshiro128plus');

/**
 * Random values that depend only on the seeds. If each decision has seeds of its own (what happens to a soul's third
 * request, what a caller does in its tenth step), it is the same in every run, whatever the timing.
 */
class Random {
  #generator;

  constructor(...seeds) {
    this.#generator = xoroshiro128plus(createHash('sha256').update(seeds.join('\n')).digest().readInt32LE());
  }

  /** From 0 to 1. */
  next() {
    return uniformFloat64(this.#generator);
  }

  chance(probability) {
    return this.next() < probability;
  }

  /** An integer, both ends included. */
  between(low, high) {
    return uniformInt(this.#generator, low, high);
  }

  pick(list) {
    return list[this.between(0, list.length - 1)];
  }

  /** One of the names, in proportion to its weight. */
  weighted(weights) {
    let at = this.next() * Object.values(weights).reduce((sum, weight) => sum + weight);
    return Object.keys(weights).find((name) => (at -= weights[name]) < 0);
  }

  /** A function that returns ranks from 0 to `count - 1`, the k-th in proportion to 1 / k^exponent (Zipf's law). */
  zipf(count, exponent) {
    const sums = new Float64Array(count);
    let sum = 0;
    for (let rank = 0; rank < count; rank += 1) {
      sum += (rank + 1) ** -exponent;
      sums[rank] = sum;
    }
    return () => {
      const drawn = this.next() * sum;
      let [low, high] = [0, count - 1];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (sums[middle] <= drawn) low = middle + 1;
        else high = middle;
      }
      return low;
    };
  }
}

module.exports = { Random };
