'use strict';

/** A logger that keeps what it is given: `lines` holds `[level, ...arguments]`. */
function recordingLogger() {
  const lines = [];
  const keep = (level) => (...given) => lines.push([level, ...given]);
  return { lines, log: keep('log'), warn: keep('warn'), error: keep('error') };
}

module.exports = { recordingLogger };
