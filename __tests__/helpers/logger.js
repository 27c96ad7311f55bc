'use strict';

/** A logger that records its calls: `lines` has `[level, ...arguments]`. */
function recordingLogger() {
  const lines = [];
  const keep = (level) => (...given) => lines.push([level, ...given]);
  return { lines, log: keep('log'), warn: keep('warn'), error: keep('error') };
}

module.exports = { recordingLogger };
