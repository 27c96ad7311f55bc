'use strict';

const { stall } = require('./helpers/answers');
const { setup } = require('./helpers/setup');

const TIMES = 16;
/** Linear work takes 16 times as long for 16 times as many callers, quadratic work 256 times. */
const MOST = 5 * TIMES;

/** A batch needs more souls, so that its work takes longer than what surrounds it. */
const FEW_CALLERS = 1_250;
const FEW_SOULS = 5_000;

/** The least of three measurements: what disturbs one only adds to it. */
async function leastMs(measure, count) {
  let least = Infinity;
  for (let round = 0; round < 3; round += 1) least = Math.min(least, await measure(count));
  return least;
}

function msOf(action) {
  const began = performance.now();
  action();
  return performance.now() - began;
}

const settled = (calls) => Promise.allSettled(calls);
const many = (count, call) => Array.from({ length: count }, (_, index) => call(index));

const SCENARIOS = {
  'callers of one soul, with one signal, abort together': async (client, count) => {
    const controller = new AbortController();
    const calls = many(count, () => client.getRecord('a', { signal: controller.signal }));
    const ms = msOf(() => controller.abort());
    await settled(calls);
    return ms;
  },
  'callers of one soul, each with a signal, abort one after another': async (client, count) => {
    const controllers = many(count, () => new AbortController());
    const calls = controllers.map(({ signal }) => client.getRecord('a', { signal }));
    const ms = msOf(() => controllers.forEach((controller) => controller.abort()));
    await settled(calls);
    return ms;
  },
  'callers of one soul leave in reverse': async (client, count) => {
    const controllers = many(count, () => new AbortController());
    const calls = controllers.map(({ signal }) => client.getRecord('a', { signal }));
    const ms = msOf(() => controllers.reverse().forEach((controller) => controller.abort()));
    await settled(calls);
    return ms;
  },
  'a batch with one soul over and over is aborted': async (client, count) => {
    const controller = new AbortController();
    const call = client.getRecords(Array(count).fill('a'), { signal: controller.signal });
    const ms = msOf(() => controller.abort());
    await settled([call]);
    return ms;
  },
  'a batch with as many souls is aborted': async (client, count) => {
    const controller = new AbortController();
    const call = client.getRecords(many(count, (index) => `soul ${index}`), { signal: controller.signal });
    const ms = msOf(() => controller.abort());
    await settled([call]);
    return ms;
  },
  'callers join with ever shorter timeouts': async (client, count) => {
    const controller = new AbortController();
    let calls;
    const ms = msOf(() => {
      calls = many(count, (index) => client.getRecord('a', { timeoutMs: 1e8 - index, signal: controller.signal }));
    });
    controller.abort();
    await settled(calls);
    return ms;
  },
};

test.each(Object.keys(SCENARIOS))(`16 times as many take some 16 times as long, not 256 times: %s`, async (scenario) => {
  const { client } = await setup(stall, { maxInFlight: 1 });
  const measure = (count) => SCENARIOS[scenario](client, count);
  const count = scenario.includes('batch') ? FEW_SOULS : FEW_CALLERS;
  // The first round also compiles the code.
  await measure(count);
  const few = await leastMs(measure, count);
  const all = await leastMs(measure, TIMES * count);
  expect(all / few).toBeLessThan(MOST);
}, 120_000);
