'use strict';

// One API call of the indexer, ten times concurrently: each caller requests all souls, which the relay reports missing after
// its delay. The second pass repeats it.

const { souls, checkFor } = require('../record');
const { perCall, startMeter } = require('./meter');

module.exports = async function measureBurst({ adapter, params, relay }) {
  const { behaviour, soulCount, callers } = params;
  const client = await adapter.open({ relayUrl: relay.url(behaviour) });
  const wanted = souls(soulCount);
  const check = checkFor(behaviour);
  const ask = client.getRecords ?? ((some) => Promise.all(some.map(client.getRecord)));

  async function pass() {
    const before = await relay.requests();
    const since = performance.now();
    const answers = await Promise.all(Array.from({ length: callers }, () => ask(wanted)));
    const wallMs = performance.now() - since;
    for (const records of answers) wanted.forEach((soul, index) => check(records[index], soul));
    return { wallMs, requests: (await relay.requests()) - before };
  }

  const stop = startMeter();
  const first = await pass();
  const second = await pass();
  const costs = perCall(stop(), 2 * callers * soulCount);
  await client.close();
  return {
    ...costs,
    firstPassMs: first.wallMs,
    secondPassMs: second.wallMs,
    requests: first.requests,
    secondRequests: second.requests,
  };
};
