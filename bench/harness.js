'use strict';

// Starts the relay and the cells, each in a process of its own, and orders the rounds.

const os = require('os');
const path = require('path');
const { fork } = require('child_process');
const relays = require('./relay');

// A cell that takes longer is assumed to hang; the longest one fills a cache with ten million souls.
const CELL_LIMIT_MS = 600_000;

const children = new Set();

function start(file, args) {
  const child = fork(path.join(__dirname, file), args, { execArgv: ['--expose-gc'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  children.add(child);
  child.on('exit', () => children.delete(child));
  return child;
}

/** Ends every process started here. */
function stopAll() {
  for (const child of children) child.kill('SIGKILL');
}

/** Ends them and this process on a signal, so that nothing is left after Ctrl-C. */
function stopOnSignals() {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      stopAll();
      process.exit(128 + os.constants.signals[signal]);
    });
  }
}

async function startRelay() {
  const relay = await relays.startRelay();
  children.add(relay);
  return relay;
}

/** Runs one cell; resolves with its results. */
function runCell(relay, job, client, params) {
  const tag = `${job.name}-${client}`;
  const cell = { job, client, params, origin: relay.url, fillOrigin: relay.fillUrl, tag };
  return new Promise((resolve, reject) => {
    const child = start('cell.js', [JSON.stringify(cell)]);
    let answer;
    const limit = setTimeout(() => {
      answer = { error: `no answer in ${CELL_LIMIT_MS / 1e3} s` };
      child.kill('SIGKILL');
    }, CELL_LIMIT_MS);
    child.on('message', async (message) => {
      if (message.ask !== 'requests') {
        answer = message;
        return;
      }
      const requests = await relay.requests(tag).catch(reject);
      if (child.connected) child.send({ requests });
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearTimeout(limit);
      if (answer?.result) resolve(answer.result);
      else reject(new Error(`${job.name}, ${client}: ${answer?.error ?? `the cell ended with ${signal ?? code}`}`));
    });
  });
}

function rotated(list, by) {
  const shift = by % list.length;
  return [...list.slice(shift), ...list.slice(0, shift)];
}

/**
 * Runs the rounds of all jobs. Within a round the clients of a job run one after the other, in an order that rotates with the
 * round, so that drift of the machine affects all alike. Resolves with `results[job][client] = [result, ...]` and the errors of
 * failed cells.
 */
async function runRounds(relay, jobs, onProgress = () => {}) {
  const total = jobs.reduce((sum, job) => sum + job.clients.length * job.rounds, 0);
  const results = Object.fromEntries(jobs.map((job) => [job.name, Object.fromEntries(job.clients.map((client) => [client, []]))]));
  const errors = [];
  let done = 0;

  async function cell(job, client, round) {
    onProgress({ done, total, round, job: job.name, client });
    // A failed round leaves a gap, so that the other rounds stay paired.
    const figures = await runCell(relay, job, client, job.params).catch((error) => {
      errors.push(error);
      return {};
    });
    results[job.name][client][round] = figures;
    done += 1;
  }

  for (let round = 0; round < Math.max(...jobs.map((job) => job.rounds)); round += 1) {
    for (const job of jobs.filter((candidate) => round < candidate.rounds)) {
      await relay.reset();
      const clients = rotated(job.clients, round);
      // All clients of a job that mostly waits run at once.
      if (job.waits) await Promise.all(clients.map((client) => cell(job, client, round)));
      else for (const client of clients) await cell(job, client, round);
    }
  }
  onProgress({ done, total });
  return { results, errors };
}

module.exports = { startRelay, runCell, runRounds, stopAll, stopOnSignals };
