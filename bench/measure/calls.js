'use strict';

// One call per soul, `concurrency` at a time: each caller requests its next soul when the previous one has arrived. With
// `batch`, that many souls are requested in one call. With `distinct`, that many souls are requested again and again.
//
// The warm-up is a duration, not a number of calls: it is the same for all clients, and fast ones need many calls before their
// code is optimised. A short one would favour gun-native, which has little JavaScript.

const assert = require('assert');
const { soulAt, souls, checkFor, expectedRecord } = require('../record');
const { percentiles } = require('../statistics');
const { perCall, startMeter } = require('./meter');

// The warm-up checks the clock after each group of this many calls.
const BOUT_CALLS = 224;

async function oneByOne(client, wanted, concurrency, check, latencies) {
  let next = 0;
  async function caller() {
    while (next < wanted.length) {
      const index = next++;
      const since = performance.now();
      const record = await client.getRecord(wanted[index]);
      latencies[index] = performance.now() - since;
      check(record, wanted[index]);
    }
  }
  await Promise.all(Array.from({ length: concurrency }, caller));
}

async function inBatches(client, wanted, batch, check, latencies) {
  const ask = client.getRecords ?? ((some) => Promise.all(some.map(client.getRecord)));
  for (let from = 0; from < wanted.length; from += batch) {
    const some = wanted.slice(from, from + batch);
    const since = performance.now();
    const records = await ask(some);
    latencies[from / batch] = performance.now() - since;
    some.forEach((soul, index) => check(records[index], soul));
  }
}

module.exports = async function measureCalls({ adapter, params, relay }) {
  const { behaviour, concurrency, batch, warmUpMs, calls, distinct } = params;
  const client = await adapter.open({ relayUrl: relay.url(behaviour) });
  const check = checkFor(behaviour);

  function run(wanted) {
    const latencies = new Float64Array(batch ? Math.ceil(wanted.length / batch) : wanted.length);
    const done = batch ? inBatches(client, wanted, batch, check, latencies) : oneByOne(client, wanted, concurrency, check, latencies);
    return done.then(() => latencies);
  }

  const [first] = souls(1, 2);
  const whole = client.getRecord ? await client.getRecord(first) : (await client.getRecords([first]))[0];
  assert.deepStrictEqual(whole, expectedRecord(behaviour, first));

  const warmUntil = performance.now() + warmUpMs;
  const bout = Math.min(calls, Math.max(concurrency ?? batch, BOUT_CALLS));
  for (let family = 3; performance.now() < warmUntil; family += 1) await run(souls(bout, family));

  const wanted = distinct ? Array.from({ length: calls }, (_, at) => soulAt(1e9 + (at % distinct))) : souls(calls, 1);
  const before = await relay.requests();
  const stop = startMeter();
  const latencies = await run(wanted);
  const costs = stop();
  const requests = (await relay.requests()) - before;

  await client.close();
  const { p50, p99 } = percentiles(latencies);
  return { ...perCall(costs, calls), p50Ms: p50, p99Ms: p99, calls, requests };
};
