'use strict';

// How the cost of one call changes with the size of things: cached souls, callers of one soul, requests in flight. Flat is good:
// the slope of its logarithm over that of the size is 0. One that grows with the size has a slope of 1.

const { performance } = require('perf_hooks');
const { checkFor, soulAt, souls } = require('../record');
const { mainThreadUs } = require('./meter');
const { fitLine } = require('../statistics');

const READS = 200_000;
const READ_SOULS = 20_000;
const MIN_CALLS = 4_096;
const FILL = 5_000;
const FOUND = 'found/1600';

/** Nanoseconds of an awaited hit in a cache of this size. */
async function cached(adapter, relay, size) {
  const cache = adapter.openCache({ relayUrl: relay.fillUrl(), cache: { capacity: size, ttlMs: 3_600_000 } });
  for (let from = 0; from < size; from += FILL) {
    await cache.fill(Array.from({ length: Math.min(FILL, size - from) }, (_, at) => soulAt(from + at)));
  }
  const stride = Math.max(1, Math.floor(size / READ_SOULS));
  const known = Array.from({ length: Math.min(size, READ_SOULS) }, (_, at) => soulAt(at * stride));
  const read = async () => {
    const began = performance.now();
    for (let at = 0; at < READS; at += 1) await cache.getRecord(known[at % known.length]);
    return ((performance.now() - began) * 1e6) / READS;
  };
  await read();
  const before = cache.hits();
  const ns = await read();
  if (cache.hits() - before < 0.95 * READS) throw new Error('not all were hits');
  await cache.close();
  return ns;
}

/** Nanoseconds of the main thread per caller, with this many callers of one soul. */
async function callers(adapter, relay, count) {
  const client = await adapter.open({ relayUrl: relay.url('missing-after/20'), cache: { capacity: 0 }, maxQueue: 1e6 });
  const rounds = Math.max(3, Math.ceil(MIN_CALLS / count));
  const ask = (round) => Promise.all(Array.from({ length: count }, () => client.getRecord(soulAt(round))));
  await ask(0);
  const began = mainThreadUs();
  // All rounds at once where they are small: each waits for the relay.
  const few = count < 1_000;
  if (few) await Promise.all(Array.from({ length: rounds }, (_, round) => ask(round + 1)));
  else for (let round = 0; round < rounds; round += 1) await ask(round + 1);
  const ns = ((mainThreadUs() - began) * 1e3) / (rounds * count);
  await client.close();
  return ns;
}

/** Nanoseconds of the main thread per record, with this many requests in flight. */
async function inFlight(adapter, relay, count) {
  const client = await adapter.open({ relayUrl: relay.url(FOUND), maxInFlight: count });
  const check = checkFor(FOUND);
  const run = async (wanted) => {
    let next = 0;
    const caller = async () => {
      while (next < wanted.length) {
        const soul = wanted[next++];
        check(await client.getRecord(soul), soul);
      }
    };
    await Promise.all(Array.from({ length: count }, caller));
  };
  const calls = Math.max(MIN_CALLS, 2 * count);
  await run(souls(calls, 3));
  const began = mainThreadUs();
  await run(souls(calls, 4));
  const ns = ((mainThreadUs() - began) * 1e3) / calls;
  await client.close();
  return ns;
}

const AXES = { cached, callers, 'in-flight': inFlight };

module.exports = async function measureScaling({ adapter, params, relay }) {
  const { axis, sizes } = params;
  const points = [];
  for (const size of sizes) points.push({ size, ns: await AXES[axis](adapter, relay, size) });
  const { slope } = fitLine(points.map(({ size, ns }) => [Math.log(size), Math.log(ns)]));
  return { points, slope };
};
