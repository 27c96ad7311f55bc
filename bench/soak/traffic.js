'use strict';

const { GunError } = require('../..');
const { DELETED, EXPONENT, INDEXES } = require('./fixtures');

/** Plans per API call, by kind, as with `?recordType=workout&limit=5`. */
const LIMITS = { workout: 5, mealPlan: 10 };
/** Concurrent API calls in a burst. */
const BURST = 10;

/**
 * The traffic of an indexer's routes. Checks every answer against the relay's records. While the relay is down calls may fail;
 * at any other time a failure is counted.
 */
class Traffic {
  counts = { apiCalls: 0, answered: 0, wrong: 0, failed: 0, failedInOutage: 0, puts: 0, putsUnread: 0, syncCycles: 0 };
  #client;
  #fixtures;
  #put;
  #random;
  #pick = {};
  #outages = 0;
  #isDown = false;
  #pending = new Set();
  #log;

  /** `put` writes a record to the relay; `log` gets the lines of failed calls. */
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

  /** The relay is up again. Calls that join an earlier request still share its failure; the outage ends with the last of these. */
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

  /** A sync cycle: all indexes of the registry, most of which are missing, and the index of what was deleted. */
  async syncCycle() {
    this.counts.syncCycles += 1;
    await this.#read(INDEXES);
    await this.#read([DELETED]);
  }

  /** The same by code that uses axios: one request after another. It cannot distinguish failures, so none is counted. */
  async syncCycleByAxios(get) {
    this.counts.syncCycles += 1;
    for (const soul of INDEXES) {
      const [outages, wasDown, had] = [this.#outages, this.#isDown, this.#fixtures.stored.has(soul)];
      const found = await get(soul);
      if (found !== had && !wasDown && this.#outages === outages) this.counts.wrong += 1;
    }
  }

  /** Stores a missing record and reads it back. */
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

  /** The plans, then all their parts. */
  async #apiCall(souls) {
    this.counts.apiCalls += 1;
    const plans = await this.#read(souls);
    await this.#read(plans.flatMap((plan) => (plan === null || plan instanceof GunError ? [] : plan.data.parts)));
    this.counts.answered += 1;
  }

  /** Checks the client's answers against the relay's records. */
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
      // A put during the call may be seen or not.
      const isRight = (answer !== null) === had[index] || had[index] !== stored.has(souls[index]);
      if (!isRight) this.counts.wrong += 1;
    });
    return answers;
  }
}

module.exports = { Traffic };
