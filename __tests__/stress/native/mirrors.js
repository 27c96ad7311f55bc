'use strict';

// node mirrors.js ROUNDS: two threads against each other. In each round one thread learns that a soul is missing and reads it
// from memory as fast as it can, until the other one puts the record and invalidates the soul, or reads it afresh. From then on
// no read may be null. Prints what happened as JSON; a stale read is one that began after that and was null.

const { once } = require('events');
const http = require('http');
const { Worker, isMainThread, workerData } = require('worker_threads');

// Nulls that the reader has to see before a put: after the first two they come from its memory.
const WARM_READS = 20;
/** The reader asks for these many souls from the current round on, so that it has not to wait for the relay. */
const WINDOW = 4;

const soulOf = (round) => `soul ${round}`;

async function main(rounds) {
  const shared = () => new Int32Array(new SharedArrayBuffer(4 * (rounds + WINDOW)));
  // By round: the relay has the record; a read may not be null any more; nulls that were read, and nulls that must not be; and
  // all calls.
  const data = { rounds, put: shared(), told: shared(), nulls: shared(), stale: shared(), calls: shared() };
  const relay = http.createServer((request, response) => {
    const soul = new URL(request.url, 'http://relay').searchParams.get('soul');
    const isPut = Atomics.load(data.put, Number(soul.split(' ')[1])) === 1;
    response.writeHead(isPut ? 200 : 404, { 'content-type': 'application/json' });
    response.end(isPut ? '{"success":true,"data":{"a":1}}' : '{"error":"Not found"}');
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  Object.assign(process.env, { GUN_PEERS: `http://127.0.0.1:${relay.address().port}`, GUN_NATIVE_LOG: 'off' });
  const threads = ['reader', 'writer'].map((name) => new Worker(__filename, { workerData: { ...data, name } }));
  await Promise.all(threads.map((thread) => once(thread, 'exit')));
  relay.close();
  relay.closeAllConnections();
  const sum = (counts) => counts.reduce((total, count) => total + count, 0);
  const { hits, total } = require('../../..').cacheStats();
  console.log(JSON.stringify({ rounds, stale: sum(data.stale), nulls: sum(data.nulls), calls: sum(data.calls), hits, total }));
}

async function write({ rounds, put, told, nulls, calls }) {
  const gun = require('../../..');
  for (let round = 0; round < rounds; round += 1) {
    while (Atomics.load(nulls, round) < WARM_READS) Atomics.wait(nulls, round, Atomics.load(nulls, round), 1);
    // Not always at the same point of the reader's loop.
    for (let spin = 0; spin < (round * 7919) % 5000; spin += 1) Atomics.load(put, round);
    Atomics.store(put, round, 1);
    if (round % 3 === 2) {
      // It may join a request that began before the put.
      do Atomics.add(calls, round, 1);
      while ((await gun.getRecord(soulOf(round), { fresh: true })) === null);
    } else if (round % 3 === 1) {
      gun.invalidateAll();
    } else {
      gun.invalidate(soulOf(round));
    }
    Atomics.store(told, round, 1);
  }
}

async function read({ rounds, told, nulls, stale, calls }) {
  const gun = require('../../..');
  let round = 0;
  while (round < rounds) {
    for (let ahead = round; ahead < round + WINDOW; ahead += 1) {
      const isTold = Atomics.load(told, ahead) === 1;
      const answer = await gun.getRecord(soulOf(ahead));
      Atomics.add(calls, ahead, 1);
      if (answer === null) Atomics.add(isTold ? stale : nulls, ahead, 1);
      if (isTold && ahead === round) round += 1;
    }
  }
}

if (isMainThread) main(Number(process.argv[2] || 20_000));
else if (workerData.name === 'reader') read(workerData);
else write(workerData);
