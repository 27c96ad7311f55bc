'use strict';

// What the indexer does with its relay, timed. Runs in a process of its own, started by run.js beside it with the folder of
// an indexer and the sizes of the work as JSON. Each result is a line of JSON on stdout.

const http = require('http');
const path = require('path');

const [folder, sizesText] = process.argv.slice(2);
const sizes = JSON.parse(sizesText);
const load = (name) => require(path.join(folder, 'helpers', name));

// stdout is for the results.
console.log = () => {};
const axios = require(require.resolve('axios', { paths: [folder] }));
axios.defaults.httpAgent = new http.Agent({ keepAlive: true, maxSockets: 50 });

const { GunHelper, RELAY } = load('gun');
const { DeletionRegistry } = load('deletions');
const { RECORD_TYPES, Registry } = load('registry');
const { syncAll } = load('sync');

RECORD_TYPES.length = Math.min(RECORD_TYPES.length, sizes.types);
const gun = new GunHelper();
const records = new Map();
const range = (length) => Array.from({ length }, (_, n) => n);

/** Requests that reached the relay so far. */
async function requestsSoFar() {
  const { data } = await axios.get(`${RELAY}/requests`, { adapter: 'http' });
  return data.requests;
}

/** The parts of the work, each with what came of it. */
const WORK = {
  'sync cycle, first': async () => `${await syncAll(records, new DeletionRegistry(gun))} records`,
  'sync cycle, second': async () => `${await syncAll(records, new DeletionRegistry(gun))} new`,
  discovery: async () => `${(await new Registry(gun).discover()).length} of ${sizes.registered} found`,
  'missing records, ten callers': async () => {
    const souls = range(sizes.missing).map((n) => `f3a9c1d27b40:exercise-gone-${n}`);
    const answers = await Promise.all(range(10).map(() => Promise.all(souls.map((soul) => gun.getRecord(soul)))));
    return `${answers.flat().filter((record) => record === null).length} answers`;
  },
  'deletion checks': async () => {
    const souls = range(sizes.checks).map((n) => `f3a9c1d27b40:deleted-${n}`);
    const kept = await new DeletionRegistry(gun).withoutDeleted(souls);
    return `${souls.length - kept.length} of ${souls.length} right`;
  },
  'read after a put': async () => {
    const soul = 'f3a9c1d27b40:late';
    await gun.getRecord(soul);
    await gun.putRecord({ data: { n: 1 } }, soul);
    return (await gun.getRecord(soul)) === null ? 'missing' : 'the record';
  },
};

async function main() {
  for (const name of sizes.work || Object.keys(WORK)) {
    const before = await requestsSoFar();
    const begun = performance.now();
    const result = await WORK[name]();
    const ms = performance.now() - begun;
    process.stdout.write(`${JSON.stringify({ name, ms, requests: (await requestsSoFar()) - before, result })}\n`);
  }
  process.exit();
}

main();
