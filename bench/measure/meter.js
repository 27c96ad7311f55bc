'use strict';

// The cost of some work for this process. Linux only: Node 20 has no CPU time per thread, so it is read from /proc.

const fs = require('fs');
const v8 = require('v8');

// Often enough for the peak within 100 ms, at about a thousandth of one core.
const SAMPLE_EVERY_MS = 5;

// The kernel updates a thread's time at each tick (4 ms) and when the thread leaves its core. Waiting 1 ms makes it leave, so
// that the value is exact. Read synchronously, thread-self is the thread that runs the JavaScript.
const nobody = new Int32Array(new SharedArrayBuffer(4));
function mainThreadUs() {
  Atomics.wait(nobody, 0, 0, 1);
  return Number(fs.readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ', 1)[0]) / 1e3;
}

function processUs() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** CPU time of this process's threads with a name; exact for sleeping ones. */
function threadsUs(name) {
  let sum = 0;
  for (const thread of fs.readdirSync('/proc/self/task')) {
    const comm = fs.readFileSync(`/proc/self/task/${thread}/comm`, 'latin1').trim();
    if (comm.startsWith(name)) sum += Number(fs.readFileSync(`/proc/self/task/${thread}/schedstat`, 'latin1').split(' ', 1)[0]);
  }
  return sum / 1e3;
}

/** A line of /proc/self/status in bytes: VmHWM is the peak RSS of this process, RssAnon its private memory. */
function memoryLine(name) {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(fs.readFileSync('/proc/self/status', 'latin1'));
  return Number(match[1]) * 1024;
}

function externalBytes() {
  return v8.getHeapStatistics().external_memory;
}

// Measured before any client is loaded: Node's own share, which is part of every peak.
const bare = { rss: memoryLine('VmHWM'), external: externalBytes() };

/**
 * Starts measuring; the returned function stops and returns the costs. It does not force a garbage collection first: that
 * also discards optimised code and doubles the cost of the next thousand calls.
 */
function startMeter() {
  let peakExternal = externalBytes();
  const sampler = setInterval(() => {
    peakExternal = Math.max(peakExternal, externalBytes());
  }, SAMPLE_EVERY_MS);
  const mainBefore = mainThreadUs();
  const processBefore = processUs();
  const wallBefore = performance.now();
  return function stop() {
    const wallMs = performance.now() - wallBefore;
    const processCost = processUs() - processBefore;
    const mainCost = mainThreadUs() - mainBefore;
    clearInterval(sampler);
    peakExternal = Math.max(peakExternal, externalBytes());
    return { wallMs, processUs: processCost, mainUs: mainCost, peakExternal, peakRss: memoryLine('VmHWM') };
  };
}

/** The costs of `calls` calls, for the tables. */
function perCall({ wallMs, processUs, mainUs, peakExternal, peakRss }, calls) {
  return {
    mainUsPerCall: mainUs / calls,
    processUsPerCall: processUs / calls,
    callsPerSecond: calls / (wallMs / 1e3),
    peakRss,
    peakExternal,
    addedRss: peakRss - bare.rss,
    addedExternal: peakExternal - bare.external,
  };
}

module.exports = { startMeter, perCall, mainThreadUs, threadsUs, memoryLine, externalBytes };
