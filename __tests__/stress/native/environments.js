'use strict';

const { Worker } = require('worker_threads');
const { check } = require('./settle');
const { startRelay } = require('./relay');

/** Ways in which an environment can end with active calls. */
const ENDS = {
  'by its own exit': `gun.getRecord('found 1').then(() => process.exit(0)); client.getRecord('stalls');`,
  'by an exception': `client.getRecord('stalls'); setTimeout(() => { throw new Error('of the host'); }, 5);`,
  'by an exception in an answer': `client.getRecord('found').then(() => { throw new Error('of the host'); });`,
  'while answers pour in': `for (let n = 0; n < 200; n += 1) client.getRecord('found ' + n); setTimeout(() => process.exit(0), 3);`,
  'while it closes a client': `client.getRecord('stalls').catch(() => {}); client.close(); setTimeout(() => process.exit(0), 3);`,
};

/** Environments that end with active calls do not affect the others. */
async function environments(times) {
  const relay = await startRelay();
  const { GunClient } = require('../../..');
  const client = new GunClient({ relayUrl: relay.url, logger: false });
  for (let time = 0; time < times; time += 1) {
    for (const [how, code] of Object.entries(ENDS)) {
      const prelude = `
        const { workerData } = require('worker_threads');
        const gun = require(workerData.index);
        const client = new gun.GunClient({ logger: false, relayUrl: workerData.relayUrl });
      `;
      const env = { ...process.env, GUN_PEERS: relay.url, GUN_NATIVE_LOG: 'off' };
      const workerData = { index: require.resolve('../../..'), relayUrl: relay.url };
      const worker = new Worker(prelude + code, { eval: true, workerData, env, stderr: true });
      worker.on('error', (error) => check(error.message === 'of the host', `${how}: ${error.message}`));
      await new Promise((resolve) => worker.once('exit', resolve));
      check((await client.getRecord('found')).list.length === 50, `${how}: others go on`);
    }
  }
  await client.close();
  await relay.stop();
  return `${times * Object.keys(ENDS).length} environments ended in ${Object.keys(ENDS).length} ways`;
}

module.exports = { environments };
