'use strict';

// A full cache of missing souls: bytes per entry, time per hit, and the pause of the main thread when all are swept.
// gun-native's entries come from a relay without any soul, and its own timer sweeps; a JavaScript table is filled directly and
// swept by a call.

const v8 = require('v8');
const { setTimeout: delay, setImmediate: turn } = require('timers/promises');
const { soulAt } = require('../record');
const { memoryLine, threadsUs } = require('./meter');

const HITS = 200_000;
const HIT_SOULS = 20_000;
// A client's sockets and buffers are grown before the measurement, because they are not part of the entries.
const REHEARSAL = 20_000;
const FILL_DIRECTLY_MS = 0.01; // per entry, generously
const FILL_SLOWER = 1.25; // than the rehearsal was, at the most
const IDLE_PROBE_MS = 1000;
const EXPIRED_MS = 100; // lru-cache reads its clock ahead of time
const BEFORE_SWEEP_MS = 200;
const SWEEP_LATE_MS = 20_000;

async function fill(cache, count, chunk) {
  const since = performance.now();
  for (let start = 0; start < count; start += chunk) {
    const some = Array.from({ length: Math.min(chunk, count - start) }, (_, index) => soulAt(start + index));
    const answers = await cache.fill(some);
    for (const answer of answers) if (answer !== null) throw answer;
  }
  return performance.now() - since;
}

/** Fills a cache of capacity 0; returns the time per entry in ms. */
async function rehearse(adapter, relayUrl, chunk) {
  if (!adapter.fillsFromRelay) return FILL_DIRECTLY_MS;
  const off = adapter.openCache({ relayUrl, cache: { capacity: 0 } });
  const tookMs = await fill(off, REHEARSAL, chunk);
  await off.close();
  return (FILL_SLOWER * tookMs) / REHEARSAL;
}

/** This process's own memory, without V8's reserve for young objects. */
function heldBytes() {
  globalThis.gc();
  const { used_heap_size: used, total_physical_size: reserved } = v8.getHeapStatistics();
  return memoryLine('RssAnon') - reserved + used;
}

async function nsPerHit(cache, known) {
  const before = cache.hits?.();
  const since = performance.now();
  for (let hit = 0; hit < HITS; hit += 1) {
    if ((await cache.getRecord(known[hit % known.length])) !== null) throw new Error('a missing soul was found');
  }
  const tookNs = (performance.now() - since) * 1e6;
  const hits = cache.hits ? cache.hits() - before : HITS;
  // With more souls than the capacity, a few are evicted; many missing entries mean that they expired.
  if (hits < 0.95 * HITS) throw new Error(`only ${hits} of ${HITS} calls were hits`);
  return tookNs / HITS;
}

/** Runs event-loop turns, each with the work of a call, until `done`; returns the longest one. */
async function longestTurn(cache, done) {
  let longest = 0;
  let last = performance.now();
  while (!done()) {
    cache.touch?.();
    await turn();
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  return longest;
}

/** Waits for the cache's own sweep; its time is the CPU time of the client's threads. */
async function awaitSweep(cache, dueMs) {
  await delay(Math.max(0, dueMs - performance.now() - BEFORE_SWEEP_MS));
  const full = cache.size();
  const workedBefore = threadsUs('gun-native');
  const pauseMs = await longestTurn(cache, () => {
    if (performance.now() > dueMs + SWEEP_LATE_MS) throw new Error(`no sweep: ${cache.size()} of ${full} entries remain`);
    return cache.size() === 0;
  });
  // The count is 0 before the memory is released, so work may still be going on.
  await delay(BEFORE_SWEEP_MS);
  return { sweepMs: (threadsUs('gun-native') - workedBefore) / 1e3, pauseMs };
}

async function callSweep(cache, dueMs) {
  await delay(Math.max(0, dueMs - performance.now()));
  const since = performance.now();
  cache.sweep();
  const sweepMs = performance.now() - since;
  if (cache.size() !== 0) throw new Error(`the sweep left ${cache.size()} entries`);
  return { sweepMs, pauseMs: sweepMs };
}

module.exports = async function measureCache({ adapter, params, relay }) {
  const { entries, chunk } = params;
  const relayUrl = relay.fillUrl();
  const known = Array.from({ length: Math.min(HIT_SOULS, entries) }, (_, index) => soulAt((index * 7919) % entries));

  // No entry may expire before the hits are counted, and all must have expired at the sweep.
  const fillMs = entries * (await rehearse(adapter, relayUrl, chunk)) + 500;
  const ttlMs = Math.ceil(fillMs + 1500);
  const sweepEveryMs = Math.ceil(ttlMs + fillMs);

  const before = heldBytes();
  const opened = performance.now();
  const cache = adapter.openCache({ relayUrl, cache: { capacity: entries, ttlMs }, sweepEveryMs });
  const filledMs = await fill(cache, entries, chunk);
  const filled = performance.now();
  const size = cache.size();
  const bytesPerEntry = (heldBytes() - before) / size;

  const hitNs = await nsPerHit(cache, known);
  const idleUntil = performance.now() + IDLE_PROBE_MS;
  const idlePauseMs = await longestTurn(cache, () => performance.now() > idleUntil);
  const sweep = cache.sweep
    ? await callSweep(cache, filled + ttlMs + EXPIRED_MS)
    : await awaitSweep(cache, opened + sweepEveryMs);
  await cache.close();
  return { entries: size, bytesPerEntry, nsPerHit: hitNs, ...sweep, idlePauseMs, fillMs: filledMs, peakRss: memoryLine('VmHWM') };
};
