'use strict';

const { Random } = require('../../helpers/random');

const STEPS = { get: 40, fresh: 10, hasty: 10, abort: 12, batch: 12, put: 10, remove: 5, forget: 1 };
const MAX_BATCH = 20;
const NO_SOUL = '';
/** Souls of a batch have no limit while it holds them back for a permit. */
const HELD_MS = 15_000;

/** One of many callers: takes random steps until the round is over. */
class Caller {
  #random;
  #round;

  constructor(seed, round) {
    this.#random = new Random(seed);
    this.#round = round;
  }

  async run() {
    while (!this.#round.isOver) {
      await this[this.#random.weighted(STEPS)]();
      const pause = this.#random.between(0, 8);
      if (pause > 0) await sleep(pause);
    }
  }

  get() {
    return this.#one({});
  }

  fresh() {
    return this.#one({ fresh: true });
  }

  hasty() {
    return this.#one({ timeoutMs: this.#random.between(1, 300) });
  }

  async abort() {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(new Error('given up')), this.#random.between(0, 100));
    const calls = Array.from({ length: this.#random.between(1, 4) }, () => this.#one({ signal: controller.signal }));
    calls.push(this.#many({ signal: controller.signal }));
    await Promise.all(calls);
    clearTimeout(timer);
  }

  batch() {
    return this.#many(this.#random.chance(0.3) ? { timeoutMs: this.#random.between(1, 300) } : {});
  }

  put() {
    return this.#change((model, soul) => model.put(soul));
  }

  remove() {
    return this.#change((model, soul) => model.remove(soul));
  }

  forget() {
    const { client, model } = this.#round;
    client.invalidateAll();
    model.invalidatedAll();
  }

  /** The relay changes first; the client's `invalidate` follows. */
  async #change(how) {
    const { client, model } = this.#round;
    const soul = this.#soul();
    how(model, soul);
    if (this.#random.chance(0.3)) await sleep(this.#random.between(0, 20));
    client.invalidate(soul);
    model.invalidated(soul);
    if (this.#random.chance(0.5)) await this.#one({}, soul);
  }

  async #one(options, soul = this.#soul()) {
    const { client, model, checks } = this.#round;
    this.#round.calls += 1;
    const watch = model.begin(soul);
    // Without options, a known-missing soul may be answered without a call into the addon.
    const call = Object.keys(options).length === 0 ? client.getRecord(soul) : client.getRecord(soul, options);
    const value = await this.#timed(call, options, 0);
    watch.end();
    if (value !== ABORTED) checks.answer(soul, watch.allowed, value);
  }

  async #many(options) {
    const { client, model, checks } = this.#round;
    const souls = Array.from({ length: this.#random.between(0, MAX_BATCH) }, () => (this.#random.chance(0.02) ? NO_SOUL : this.#soul()));
    this.#round.calls += souls.filter((soul) => soul !== NO_SOUL).length;
    const watches = souls.map((soul) => soul !== NO_SOUL && model.begin(soul));
    const answers = await this.#timed(client.getRecords(souls, options), options, HELD_MS);
    watches.forEach((watch) => watch && watch.end());
    if (answers === ABORTED) return;
    if (!Array.isArray(answers) || answers.length !== souls.length) return checks.violation('a batch without its answers', { souls, answers });
    souls.forEach((soul, at) => {
      if (soul !== NO_SOUL) checks.answer(soul, watches[at].allowed, answers[at]);
      else if (answers[at].code !== 'ERR_GUN_INVALID_ARGUMENT') checks.violation('an empty soul was accepted', { answer: answers[at] });
    });
  }

  /** A call's value or error; checks that it settled in time. */
  async #timed(call, { signal, timeoutMs }, held) {
    const { checks, options } = this.#round;
    const began = performance.now();
    const value = await call.catch((reason) => (signal && reason === signal.reason ? ABORTED : reason));
    checks.time(performance.now() - began, timeoutMs || longest(options) + held, 'a call');
    if (value === ABORTED) checks.outcomes.aborted += 1;
    return value;
  }

  #soul() {
    return this.#random.pick(this.#round.souls);
  }
}

/** The longest that a single call may take without a timeout of its own. */
function longest({ queueTimeoutMs, timeoutMs }) {
  return queueTimeoutMs + timeoutMs;
}

const ABORTED = Symbol('aborted');
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

module.exports = { Caller, MAX_BATCH, longest, sleep };
