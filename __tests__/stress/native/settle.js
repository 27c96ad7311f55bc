'use strict';

const fs = require('fs');

/** As long as what was let go may take to be gone: threads end, sockets close, finalizers run. */
const PATIENCE_MS = 10_000;

/** Throws where a condition is not true. */
function check(is, what) {
  if (!is) throw new Error(what);
}

/** Collects garbage until the condition is true. */
async function eventually(condition, what) {
  const deadline = performance.now() + PATIENCE_MS;
  while (!condition()) {
    check(performance.now() < deadline, what);
    // What a WeakRef has shown stays to the end of its turn.
    await new Promise((resolve) => setTimeout(resolve, 10));
    global.gc();
  }
}

const countIn = (folder) => (fs.existsSync(folder) ? fs.readdirSync(folder).length : 0);

/** What a process holds of the system. File descriptors and threads are known on Linux alone. */
function held() {
  const timersAndSockets = process.getActiveResourcesInfo().length;
  return { descriptors: countIn('/proc/self/fd'), threads: countIn('/proc/self/task'), timersAndSockets };
}

/** Resolves when no more is held than was; `how` says what may be above it. */
async function heldAgain(before, what) {
  const isBack = () => Object.entries(held()).every(([name, count]) => count <= before[name]);
  await eventually(isBack, `${what}: ${JSON.stringify(before)} held before`).catch((error) => {
    throw new Error(`${error.message}, ${JSON.stringify(held())} after`);
  });
}

module.exports = { check, eventually, held, heldAgain };
