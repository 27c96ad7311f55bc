'use strict';

const fs = require('fs');

/** Collected at most so often: what finalizers let go takes another turn. */
const TURNS = 20;

/** What this process holds when all garbage is collected. File descriptors and threads are known on Linux alone. */
async function resources() {
  for (let turn = 0; turn < TURNS; turn += 1) {
    global.gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  return {
    descriptors: countIn('/proc/self/fd'),
    threads: countIn('/proc/self/task'),
    resources: process.getActiveResourcesInfo().length,
    heapUsed,
    external,
    arrayBuffers,
    rss,
  };
}

function countIn(folder) {
  return fs.existsSync(folder) ? fs.readdirSync(folder).length : 0;
}

module.exports = { resources };
