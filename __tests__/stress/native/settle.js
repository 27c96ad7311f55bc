'use strict';

const fs = require('fs');

/** Time for threads to end, sockets to close and finalizers to run. */
const PATIENCE_MS = 10_000;

/** Throws unless a condition is true. */
function check(is, what) {
  if (!is) throw new Error(what);
}

/** Collects garbage until the condition is true. */
async function eventually(condition, what) {
  const deadline = performance.now() + PATIENCE_MS;
  while (!condition()) {
    check(performance.now() < deadline, what);
    // A dereferenced WeakRef keeps its target until the end of the turn.
    await new Promise((resolve) => setTimeout(resolve, 10));
    global.gc();
  }
}

const countIn = (folder) => (fs.existsSync(folder) ? fs.readdirSync(folder).length : 0);

/** The process's system resources. File descriptors and threads are counted only on Linux. */
function held() {
  const timersAndSockets = process.getActiveResourcesInfo().length;
  return { descriptors: countIn('/proc/self/fd'), threads: countIn('/proc/self/task'), timersAndSockets };
}

/** Resolves when no more resources are held than before; `how` names the scenario in the error. */
async function heldAgain(before, what) {
  const isBack = () => Object.entries(held()).every(([name, count]) => count <= before[name]);
  await eventually(isBack, `${what}: ${JSON.stringify(before)} held before`).catch((error) => {
    throw new Error(`${error.message}, ${JSON.stringify(held())} after`);
  });
}

module.exports = { check, eventually, held, heldAgain };
