'use strict';

const { fork } = require('child_process');
const path = require('path');
const readline = require('readline');
const { Log } = require('./log');
const { startRelay } = require('./relay');

/** The relay's delay before it reports a missing soul, and a longer one while it is slow. */
const RELAY_WAIT_MS = 3_000;
const SLOW_WAIT_MS = 9_000;
/**
 * V8's young generation grows from 1 MB to 16 MB and more with the load, which would hide the addon's memory in rss. So it is
 * kept small.
 */
const NODE_FLAGS = ['--expose-gc', '--max-semi-space-size=2'];

/**
 * Starts a relay and an indexer, each in a process of its own, applies the schedule to the relay, and collects the
 * measurements.
 *
 * @param {{hours: number, speed: number, seed: number}} options
 * @param {(sample: object) => void} onSample
 * @returns what `judge` takes: options, samples, floors, log, end and exit
 */
async function observe(options, onSample) {
  const { speed, seed } = options;
  const relay = await startRelay({ seed, waitMs: RELAY_WAIT_MS / speed });
  const run = { options, samples: [], floors: [], restarts: [], log: new Log(), end: undefined, exit: undefined };
  const args = [JSON.stringify({ ...options, relayUrl: relay.url })];
  const stdio = ['ignore', 'pipe', 'pipe', 'ipc'];
  const indexer = fork(path.join(__dirname, 'indexer.js'), args, { execArgv: NODE_FLAGS, stdio });
  for (const stream of [indexer.stdout, indexer.stderr]) readline.createInterface(stream).on('line', (line) => run.log.take(line));

  let settled = Promise.resolve();
  const actions = {
    slow: () => relay.waitFor(SLOW_WAIT_MS / speed),
    healthy: () => relay.waitFor(RELAY_WAIT_MS / speed),
    restart: async () => {
      await relay.restart();
      if (indexer.connected) indexer.send({ relay: 'up' });
    },
  };
  indexer.on('message', ({ sample, floor, end, relay: action, hour }) => {
    if (sample) {
      run.samples.push(sample);
      onSample(sample);
    }
    if (floor) run.floors.push(floor);
    if (end) run.end = end;
    if (action === 'restart') run.restarts.push(hour);
    if (action) settled = settled.then(actions[action]);
  });
  run.exit = await new Promise((resolve, reject) => {
    indexer.on('error', reject);
    indexer.on('close', (code, signal) => resolve(signal ?? code)); // its log has been read to the end by then
  });
  await settled;
  await relay.stop();
  return run;
}

module.exports = { observe };
