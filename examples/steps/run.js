'use strict';

const { spawn } = require('child_process');
const { once } = require('events');
const path = require('path');
const { createInterface } = require('readline');
const { startGunRelay } = require('../relay');
const { fill } = require('./fixtures');
const { STEPS, patchedIndexer } = require('./patched');

/** The ways: the unchanged indexer, then with one more patch each. */
const WAYS = ['axios alone', ...STEPS.map((step) => `+ ${step.replace(/^\d+-|\.patch$/g, '')}`)];

/**
 * Runs the work in several ways concurrently, each with its own relay on the real gun package.
 *
 * @param {object} sizes - `work`, the names of its parts; `waitMs`, the relay's wait for a missing record; see measure.js and
 *   fixtures.js for the others
 * @param {object} [options]
 * @param {number[]} [options.steps] - how many patches each way has; all four ways by default
 * @param {(way: string, result: object) => void} [options.onResult] - gets each result as it comes
 * @param {(way: string, line: string) => void} [options.onLog] - gets what the indexers write to stderr
 * @returns {Promise<object[][]>} the results of each way
 */
async function runSteps(sizes, { steps = WAYS.map((_, n) => n), onResult = () => {}, onLog = () => {} } = {}) {
  const stops = [];
  try {
    const relays = await Promise.all(steps.map(() => startGunRelay({ waitMs: sizes.waitMs })));
    for (const { close } of relays) stops.push(close);
    const registered = (await Promise.all(relays.map(({ url }) => fill(url, sizes))))[0];
    const run = (step, n) => runStep(step, relays[n].url, { ...sizes, registered }, stops, { onResult, onLog });
    return await Promise.all(steps.map(run));
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

async function runStep(step, url, sizes, stops, { onResult, onLog }) {
  const { folder, remove } = patchedIndexer(step);
  stops.push(remove);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(GUN_|NODE_OPTIONS$|JEST_)/.test(name)));
  const args = ['--expose-gc', path.join(__dirname, 'measure.js'), folder, JSON.stringify(sizes)];
  const child = spawn(process.execPath, args, { env: { ...env, GUN_PEERS: url }, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  stops.push(async () => {
    child.kill();
    await ended;
  });
  let last = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (line.includes('Error')) last = `: ${line}`;
    onLog(WAYS[step], line);
  });
  const results = [];
  for await (const line of createInterface({ input: child.stdout })) {
    results.push(JSON.parse(line));
    onResult(WAYS[step], results[results.length - 1]);
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`the indexer of "${WAYS[step]}" ended with code ${code}${last}`);
  return results;
}

module.exports = { WAYS, runSteps };
