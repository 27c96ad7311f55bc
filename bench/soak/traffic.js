'use strict';

const { GunError } = require('../..');
const { EXPONENT } = require('./fixtures');

/** Plans that an API call resolves, by kind, as `?recordType=workout&limit=5` does. */
const LIMITS = { workout: 5, mealPlan: 10 };
/** API calls side by side in a burst. */
const BURST = 10;

/**
 * What the routes of an indexer do with the relay, and whether it was right: every answer is held against what the relay
 * has. While the relay is down calls may fail; at any other time a failure counts.
 */
class Traffic {
  counts = { apiCalls: 0, answered: 0, wrong: 0, failed: 0, failedInOutage: 0, puts: 0, putsUnread: 0 };
  #client;
  #fixtures;
  #put;
  #random;
  #pick = {};
  #outages = 0;
  #isDown = false;
  #pending = new Set();
  #log;

  /** `put` writes a record through to the relay; `log` takes the lines of failed calls. */
  constructor(client, fixtures, { random, put, log }) {
    this.#client = client;
    this.#fixtures = fixtures;
    this.#put = put;
    this.#log = log;
    this.#random = random;
    for (const [kind, plans] of Object.entries(fixtures.plans)) this.#pick[kind] = random.zipf(plans.length, EXPONENT);
  }

  /** From now on calls may fail. */
  beginOutage() {
    this.#isDown = true;
    this.#outages += 1;
  }

  /** The relay is up again. Calls that join a request from before share its failure still: the outage ends with the last. */
  async endOutage() {
    const outage = this.#outages;
    await Promise.all(this.#pending);
    if (this.#outages === outage) this.#isDown = false;
  }

  workouts() {
    return this.#apiCall(this.#draw('workout'));
  }

  mealPlans() {
    return this.#apiCall(this.#draw('mealPlan'));
  }

  /** The same call many times at once. */
  burst() {
    const souls = this.#draw('workout');
    return Promise.all(Array.from({ length: BURST }, () => this.#apiCall(souls)));
  }

  /** Stores what was missing, and reads it back. */
  async putOne() {
    if (this.#isDown) return;
    const { missing, stored } = this.#fixtures;
    const [soul] = missing.splice(this.#random.between(0, missing.length - 1), 1);
    if (soul === undefined) return;
    const data = { name: 'put', soul };
    await this.#put(soul, data);
    this.#client.invalidate(soul);
    stored.set(soul, data);
    this.counts.puts += 1;
    const [record] = await this.#read([soul]);
    if (record === null) this.counts.putsUnread += 1;
  }

  #draw(kind) {
    return Array.from({ length: LIMITS[kind] }, () => this.#fixtures.plans[kind][this.#pick[kind]()]);
  }

  /** The plans, then all that they are made of. */
  async #apiCall(souls) {
    this.counts.apiCalls += 1;
    const plans = await this.#read(souls);
    await this.#read(plans.flatMap((plan) => (plan === null || plan instanceof GunError ? [] : plan.data.parts)));
    this.counts.answered += 1;
  }

  /** What the client answers, each held against what the relay has. */
  async #read(souls) {
    const { stored } = this.#fixtures;
    const had = souls.map((soul) => stored.has(soul));
    const [outages, wasDown] = [this.#outages, this.#isDown];
    const call = this.#client.getRecords(souls);
    this.#pending.add(call);
    const answers = await call;
    this.#pending.delete(call);
    const isExcused = wasDown || this.#outages > outages;
    answers.forEach((answer, index) => {
      if (answer instanceof GunError) {
        this.#log(`⚠️  Error in getRecord after 2 retries: ${answer.message}`);
        this.counts[isExcused ? 'failedInOutage' : 'failed'] += 1;
        return;
      }
      // What is put during the call may be seen or not.
      const isRight = (answer !== null) === had[index] || had[index] !== stored.has(souls[index]);
      if (!isRight) this.counts.wrong += 1;
    });
    return answers;
  }
}

module.exports = { Traffic };
