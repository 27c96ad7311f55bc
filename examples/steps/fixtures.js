'use strict';

const { put } = require('../relay');
const { samples } = require('../indexer/samples');
const { indexSoul } = require('../indexer/helpers/registry');

const PUTS_AT_ONCE = 50;
/** Interval between checks whether the relay has stored an index completely. */
const AGAIN_MS = 50;

const range = (length) => Array.from({ length }, (_, n) => n);
const deletedSoul = (n) => `f3a9c1d27b40:deleted-${n}`;
const largeSoul = (n) => `f3a9c1d27b40:large-${n}`;

/**
 * Fills a relay: the samples, registered; recipes, up to `registered` records; `deleted` entries of the deletion registry; `large`
 * records of `largeBytes`; a record of `hugeBytes`. Returns how many records are registered.
 */
async function fill(url, { registered = 0, deleted = 0, large = 0, largeBytes = 0, hugeBytes = 0 }) {
  const records = samples();
  for (let n = records.length; n < registered; n += 1) {
    records.push([`f3a9c1d27b40:recipe-${n}`, { data: { name: `Recipe ${n}` }, oip: { recordType: 'recipe' } }]);
  }
  await putAll(url, records.map(([soul, { data, oip }]) => [soul, { data: JSON.stringify(data), oip: JSON.stringify(oip) }]));
  const indexes = new Map();
  for (const [soul, { oip: { recordType } }] of records) {
    if (!indexes.has(recordType)) indexes.set(recordType, {});
    indexes.get(recordType)[soul] = { soul, recordType };
  }
  for (const [recordType, index] of indexes) await putWhole(url, indexSoul(recordType), index);
  if (deleted > 0) {
    const marks = range(deleted).map(deletedSoul);
    await putWhole(url, 'oip:deleted:records', Object.fromEntries(marks.map((soul) => [soul, { soul, deletedAt: 1 }])));
  }
  for (const n of range(large)) await putWhole(url, largeSoul(n), { text: 'x'.repeat(largeBytes) });
  if (hugeBytes > 0) await putWhole(url, largeSoul('huge'), { text: 'x'.repeat(hugeBytes) });
  return records.length;
}

async function putAll(url, entries) {
  const rest = [...entries];
  const worker = async () => {
    while (rest.length > 0) await putOnce(url, ...rest.shift());
  };
  await Promise.all(range(PUTS_AT_ONCE).map(worker));
}

/** Puts a record; retries if the relay has just closed the idle connection. Puts are idempotent. */
function putOnce(url, soul, data) {
  return put(url, soul, data).catch((error) => {
    if (error.message !== 'fetch failed') throw error;
    return put(url, soul, data);
  });
}

/** Puts a record and waits until the relay returns all of it, because GUN stores large ones in parts. */
async function putWhole(url, soul, data) {
  await putOnce(url, soul, data);
  const count = Object.keys(data).length;
  for (;;) {
    const answer = await fetch(`${url}/get?soul=${encodeURIComponent(soul)}`).then((response) => response.json()).catch(() => ({}));
    if (answer.data && Object.keys(answer.data).length === count) return;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

module.exports = { deletedSoul, fill, largeSoul, range };
