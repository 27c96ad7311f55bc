'use strict';

const MB = 1048576;
/** Beyond it external memory is no longer explained by what the heap holds: the sign of the old leak. */
const LEAK_RATIO = 1.5;

/** What the log says of the memory at this moment: a line, and a warning where external memory outgrows the heap. */
function memoryLines({ rss, heapUsed, external }) {
  const ratio = external / heapUsed;
  const [mb, percent] = [(bytes) => `${(bytes / MB).toFixed(1)} MB`, `${(100 * ratio).toFixed(1)}%`];
  const lines = [`🧠 [Memory Leak Tracker] rss ${mb(rss)}, heap ${mb(heapUsed)}, external ${mb(external)} (${percent} of heap)`];
  if (ratio > LEAK_RATIO) lines.push(`🚨 [EXTERNAL MEMORY LEAK] external ${mb(external)} is ${percent} of heap ${mb(heapUsed)}`);
  return lines;
}

/** Logs the memory at once and then every so often. Returns what ends that. */
function trackMemory(everyMs) {
  const track = () => memoryLines(process.memoryUsage()).forEach((line) => console.log(line));
  track();
  const timer = setInterval(track, everyMs).unref();
  return () => clearInterval(timer);
}

module.exports = { memoryLines, trackMemory };
