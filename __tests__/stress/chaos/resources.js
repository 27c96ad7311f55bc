'use strict';

const fs = require('fs');

/** Garbage collections; what finalizers release takes another one. */
const TURNS = 20;

/** The process's resources after garbage collection. File descriptors and threads are counted only on Linux. */
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
