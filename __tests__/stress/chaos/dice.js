'use strict';

/**
 * Numbers that their seeds decide and nothing else. What happens to a soul's third request, or what a caller does in its
 * tenth step, is drawn by that name, so that it is the same again whatever the timing.
 */
class Dice {
  #state;

  constructor(...seeds) {
    // FNV-1a over the text of the seeds.
    this.#state = 2_166_136_261;
    for (const character of seeds.join('\n')) this.#state = Math.imul(this.#state ^ character.codePointAt(0), 16_777_619);
  }

  /** From 0 to 1, by Mulberry32. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  chance(part) {
    return this.next() < part;
  }

  /** A whole number, both ends included. */
  between(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick(list) {
    return list[this.between(0, list.length - 1)];
  }

  /** One of the names, each as often as its weight says. */
  weighted(weights) {
    let at = this.next() * Object.values(weights).reduce((sum, weight) => sum + weight);
    return Object.keys(weights).find((name) => (at -= weights[name]) < 0);
  }
}

module.exports = { Dice };
