'use strict';

// Reads a known-missing soul without pause. When its process was frozen for longer than entries may be used without an answer of
// the store, it sends the first answer after that, and ends.

const { GunClient } = require('../..');

const SOUL = 'a';
/** More than the 2 s for which entries are used without an answer of the store. */
const FROZEN_MS = 2_500;
/** Answers between two turns of the event loop. */
const STRETCH = 5_000;

async function run(options) {
  const client = new GunClient({ ...options, logger: false });
  while (!client.cacheStats().store.connected || client.cacheStats().size === 0) await client.getRecord(SOUL);
  let before = performance.now();
  for (let read = 1; ; read += 1) {
    const began = performance.now();
    const answer = await client.getRecord(SOUL);
    if (began - before > FROZEN_MS) return process.send({ answer }, () => client.close().then(() => process.disconnect()));
    before = began;
    if (read === STRETCH) process.send('reading');
    if (read % STRETCH === 0) await new Promise(setImmediate);
  }
}

run(JSON.parse(process.argv[2]));
