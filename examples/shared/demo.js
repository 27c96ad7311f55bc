'use strict';

// npm run demo -- --shared: two processes behind one relay and one Valkey. Each uses what the other one has cached, a put in one
// is visible in the other, and a restarted process starts with the shared entries.

const { fork } = require('child_process');
const { once } = require('events');
const { startValkey } = require('../../__tests__/helpers/valkey');
const { valkey } = require('../../scripts/valkey');
const { GunClient } = require('../..');
const { put, startGunRelay } = require('../relay');

const MISSING = 56;
const SOULS = Array.from({ length: MISSING }, (_, number) => `gun-native-demo:exercise-${number}`);
const POLL_MS = 5;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function demonstrate() {
  const { reason } = valkey();
  if (reason) throw new Error(`there is no Valkey: ${reason}`);
  const relay = await startGunRelay();
  const store = await startValkey();
  const processes = [];
  const start = async (name) => {
    const process = await startProcess(name, { relayUrl: relay.url, cache: { url: store.url } });
    processes.push(process);
    return process;
  };
  try {
    console.log(`A relay at ${relay.url}, a Valkey at ${store.url}, two processes, ${MISSING} missing souls.\n`);
    const rows = [];
    const step = async (what, process, souls) => {
      const before = await relay.requests();
      const { answers, ms } = await process.getRecords(souls);
      const found = answers.filter((answer) => answer !== null).length;
      rows.push([what, process.name, souls.length - found, found, (await relay.requests()) - before, `${ms.toFixed(1)} ms`]);
    };
    const [first, second] = await Promise.all(['first', 'second'].map(start));
    await step('asks for all souls', first, SOULS);
    await written(store);
    await step('asks for the same', second, SOULS);
    const [soul] = SOULS;
    await put(relay.url, soul, { name: 'Squat' });
    await second.invalidate(soul);
    await first.forgotten(soul);
    await step('reads what the second has put', first, [soul]);
    await first.stop();
    await step('asks for all, restarted', await start('first'), SOULS);
    console.log(`${table(rows)}\n`);
    console.log('What one process learned, the other knew without a request; a put in one was visible in the other;');
    console.log('and after a restart all but the new record came from the store.');
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
    await store.stop();
    await relay.close();
  }
}

/** Waits until all entries are in the store; they are sent after the calls have settled. The generations are one more key. */
async function written(store) {
  while (!(await store.command('DBSIZE')).startsWith(`:${MISSING + 1}\r`)) await sleep(POLL_MS);
}

async function startProcess(name, options) {
  const child = fork(__filename, [JSON.stringify(options)], { execArgv: [] });
  const exited = once(child, 'exit');
  await once(child, 'message');
  const ask = async (method, argument) => {
    child.send({ method, argument });
    const [answer] = await once(child, 'message');
    return answer;
  };
  return {
    name,
    getRecords: (souls) => ask('getRecords', souls),
    invalidate: (soul) => ask('invalidate', soul),
    forgotten: (soul) => ask('forgotten', soul),
    stop: async () => {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

/** A process with a client; it reports to be ready when the client is connected to the store. */
async function serve(options) {
  const client = new GunClient({ ...options, logger: false });
  const commands = {
    getRecords: async (souls) => {
      const began = performance.now();
      return { answers: await client.getRecords(souls), ms: performance.now() - began };
    },
    // As after a put: when flushed() resolves, no process uses the old entry from the store.
    invalidate: async (soul) => {
      client.invalidate(soul);
      await client.flushed();
      return true;
    },
    forgotten: async () => {
      while (client.cacheStats().size === MISSING) await sleep(POLL_MS);
      return true;
    },
  };
  process.on('message', async ({ method, argument }) => process.send(await commands[method](argument)));
  process.on('disconnect', () => client.close());
  while (!client.cacheStats().store.connected) await sleep(POLL_MS);
  process.send('ready');
}

function table(rows) {
  const all = [['step', 'process', 'missing', 'found', 'requests to the relay', 'time'], ...rows].map((row) => row.map(String));
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return all.map((row) => row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('   ')).join('\n');
}

if (require.main === module) serve(JSON.parse(process.argv[2]));

module.exports = { demonstrate };
