'use strict';

// The relay fails every request and every call makes three attempts. Measures memory: failed responses kept alive during
// retries once filled the indexer's memory.

const { setTimeout: delay } = require('timers/promises');
const { souls } = require('../record');
const { externalBytes, perCall, startMeter } = require('./meter');

const RETRIES = 2;
// Short, so that most of the time is spent on requests.
const BACKOFF = { baseMs: 2, maxMs: 8 };
const CURVE_POINTS = 24;

/** The retry loop of the JavaScript helper, for clients without one. */
function retrying(client) {
  return async function getRecord(soul) {
    for (let retry = 0; ; retry += 1) {
      try {
        return await client.getRecord(soul);
      } catch (error) {
        if (retry === RETRIES) throw error;
        await delay(Math.random() * Math.min(BACKOFF.maxMs, BACKOFF.baseMs * 2 ** retry));
      }
    }
  };
}

module.exports = async function measureStorm({ adapter, params, relay }) {
  const { behaviour, concurrency, calls } = params;
  // Every attempt must be made, so budget and breaker are off.
  const unsparing = { retryBudget: false, breaker: false };
  const client = await adapter.open({ relayUrl: relay.url(behaviour), retries: RETRIES, backoff: BACKOFF, ...unsparing });
  const getRecord = adapter.retriesItself ? client.getRecord : retrying(client);
  const wanted = souls(calls);
  const every = Math.ceil(calls / CURVE_POINTS);
  const curve = [];
  let next = 0;
  let failed = 0;

  function sample() {
    curve.push({ calls: failed, rss: process.memoryUsage.rss(), external: externalBytes() });
  }

  async function caller() {
    while (next < calls) {
      const soul = wanted[next++];
      await getRecord(soul).then(
        () => {
          throw new Error(`the relay failed, and ${soul} was answered`);
        },
        () => {
          failed += 1;
          if (failed % every === 0) sample();
        },
      );
    }
  }

  globalThis.gc();
  const stop = startMeter();
  sample();
  const [{ external: externalBefore }] = curve;
  await Promise.all(Array.from({ length: concurrency }, caller));
  const costs = perCall(stop(), calls);
  globalThis.gc();
  sample();
  const requests = await relay.requests();
  await client.close();
  return { ...costs, externalKept: curve.at(-1).external - externalBefore, requests, calls, curve };
};
