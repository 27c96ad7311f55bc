'use strict';

// What a stretch of work costs this process. Linux only: the CPU time of one thread is in /proc, and nowhere in Node 20.

const fs = require('fs');
const v8 = require('v8');

// Often enough to see the peak of a stretch of 100 ms, at about a thousandth of one core.
const SAMPLE_EVERY_MS = 5;

// The kernel brings a thread's time up to date at each tick (4 ms) and when the thread leaves its core: the wait of
// 1 ms makes it leave, so that the figure is exact. Read synchronously, thread-self is the thread that runs the JS.
const nobody = new Int32Array(new SharedArrayBuffer(4));
function mainThreadUs() {
  Atomics.wait(nobody, 0, 0, 1);
  return Number(fs.readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ', 1)[0]) / 1e3;
}

function processUs() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** CPU time of the threads of this process that bear a name, up to date for those that sleep. */
function threadsUs(name) {
  let sum = 0;
  for (const thread of fs.readdirSync('/proc/self/task')) {
    const comm = fs.readFileSync(`/proc/self/task/${thread}/comm`, 'latin1').trim();
    if (comm.startsWith(name)) sum += Number(fs.readFileSync(`/proc/self/task/${thread}/schedstat`, 'latin1').split(' ', 1)[0]);
  }
  return sum / 1e3;
}

/** A line of /proc/self/status in bytes: VmHWM is the peak RSS of this process alone, RssAnon what it holds of its own. */
function memoryLine(name) {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(fs.readFileSync('/proc/self/status', 'latin1'));
  return Number(match[1]) * 1024;
}

function externalBytes() {
  return v8.getHeapStatistics().external_memory;
}

// Before any client is loaded: what Node itself holds is no client's, and stands in every peak.
const bare = { rss: memoryLine('VmHWM'), external: externalBytes() };

/**
 * Begins to measure; the function it returns ends, and tells the costs. It collects no garbage first: a forced
 * collection throws optimised code away as well, and doubles the cost of the thousand calls that follow it.
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

/** The costs of `calls` calls, as the tables show them. */
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
