'use strict';

const fs = require('fs');

/** The platform's name in the way of napi-rs: `linux-x64-musl`, `darwin-arm64`, `win32-x64-msvc`. */
function target() {
  const base = `${process.platform}-${process.arch}`;
  if (process.platform === 'linux') return `${base}-${isMusl() ? 'musl' : 'gnu'}`;
  if (process.platform === 'win32') return `${base}-msvc`;
  return base;
}

/** Whether this Node runs on musl: the program names its loader within the first page. Both libcs may be installed. */
function isMusl() {
  try {
    const start = Buffer.alloc(4096);
    const file = fs.openSync(process.execPath, 'r');
    try {
      fs.readSync(file, start, 0, start.length, 0);
    } finally {
      fs.closeSync(file);
    }
    return start.includes('/ld-musl-');
  } catch (unreadable) {
    return false;
  }
}

module.exports = { target };
