'use strict';

/** The default of `maxInFlight`: so many souls wait together, and none waits for a place on the wire. */
const GROUP = 64;

/**
 * Asks for every soul once, or as often as there are callers, all of them at the same time.
 *
 * @param {GunClient} client
 * @param {string[]} souls
 * @param {number} callers
 * @param {(asked: number) => void} onAsked is told how many souls are done
 * @returns what became of the calls, and by how much the counts of the client rose
 */
async function pass(client, souls, callers, onAsked) {
  const before = countsOf(client);
  const missing = new Set();
  const failures = [];
  const call = (soul) =>
    client.getRecord(soul).then(
      (record) => record === null && missing.add(soul),
      (error) => failures.push(error),
    );
  for (let at = 0; at < souls.length; at += GROUP) {
    onAsked(at);
    const calls = [];
    // One soul after the other, not one caller: those who ask for a soul ask at once.
    for (const soul of souls.slice(at, at + GROUP)) {
      for (let caller = 0; caller < callers; caller += 1) calls.push(call(soul));
    }
    await Promise.all(calls);
  }
  const after = countsOf(client);
  const counts = {};
  for (const name of Object.keys(after)) counts[name] = after[name] - before[name];
  return { calls: souls.length * callers, missing, failures, counts };
}

function countsOf(client) {
  const { hits, requests } = client.cacheStats();
  const { sent, coalesced, retried, missing } = requests;
  return { hits, sent, coalesced, retried, missing };
}

module.exports = { pass };
