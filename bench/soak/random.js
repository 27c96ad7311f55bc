'use strict';

const { uniformFloat64 } = require('pure-rand/distribution/uniformFloat64');
const { xoroshiro128plus } = require('pure-rand/generator/xoroshiro128plus');

/** Numbers from 0 to 1 that are the same for the same seed. */
function randomOf(seed) {
  const generator = xoroshiro128plus(seed);
  return () => uniformFloat64(generator);
}

/** Ranks from 0 to `count - 1`, the k-th drawn in proportion to 1 / k^exponent, as the popularity of most things goes. */
function zipf(count, exponent, random) {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank += 1) {
    sum += (rank + 1) ** -exponent;
    sums[rank] = sum;
  }
  return () => {
    const drawn = random() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] <= drawn) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

module.exports = { randomOf, zipf };
