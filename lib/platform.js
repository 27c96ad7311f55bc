'use strict';

const fs = require('fs');

/** The platform's name in the way of napi-rs: `linux-x64-musl`, `darwin-arm64`, `win32-x64-msvc`. */
function target() {
  const base = `${process.platform}-${process.arch}`;
  if (process.platform === 'linux') return `${base}-${isMusl() ? 'musl' : 'gnu'}`;
  if (process.platform === 'win32') return `${base}-msvc`;
  return base;
}

/** Whether this Node runs on musl. Both libcs may be installed, so the program itself is asked which loader it names. */
function isMusl() {
  try {
    const file = fs.openSync(process.execPath, 'r');
    try {
      return interpreter(file).includes('/ld-musl-');
    } finally {
      fs.closeSync(file);
    }
  } catch (unreadable) {
    return false;
  }
}

/** The loader that a 64-bit, little-endian ELF file names (its program header of type PT_INTERP); '' for none. */
function interpreter(file) {
  const PT_INTERP = 3;
  const header = bytes(file, 0, 64);
  const size = header.readUInt16LE(54);
  const entries = bytes(file, Number(header.readBigUInt64LE(32)), size * header.readUInt16LE(56));
  for (let at = 0; at < entries.length; at += size) {
    if (entries.readUInt32LE(at) === PT_INTERP) {
      return bytes(file, Number(entries.readBigUInt64LE(at + 8)), Number(entries.readBigUInt64LE(at + 32))).toString('latin1');
    }
  }
  return '';
}

function bytes(file, position, length) {
  const buffer = Buffer.alloc(length);
  fs.readSync(file, buffer, 0, length, position);
  return buffer;
}

module.exports = { target };
