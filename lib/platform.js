'use strict';

const fs = require('fs');

/**
 * Names of the binaries that may fit, as napi-rs spells them: `linux-x64-musl`, `darwin-arm64`, `win32-x64-msvc`. Only one,
 * unless the libc of this Node cannot be determined.
 */
function targets() {
  const base = `${process.platform}-${process.arch}`;
  if (process.platform === 'linux') return libcs().map((libc) => `${base}-${libc}`);
  if (process.platform === 'win32') return [`${base}-msvc`];
  return [base];
}

/** The name of the binary that is built here. */
function target() {
  return targets()[0];
}

function libcs() {
  const libc = libcOfProgram() || libcOfReport();
  return libc === undefined ? ['gnu', 'musl'] : [libc];
}

/** The libc that this Node is linked with. Both may be installed, so this reads the loader's name from the program itself. */
function libcOfProgram() {
  try {
    const file = fs.openSync(process.execPath, 'r');
    try {
      return libcOfLoader(interpreter(file));
    } finally {
      fs.closeSync(file);
    }
  } catch (unreadable) {
    return undefined;
  }
}

/** The libc in Node's report, for a program that cannot be read or that is the loader itself, as with some wrappers. */
function libcOfReport() {
  const { report } = process;
  const { excludeNetwork } = report;
  try {
    // Otherwise the report looks up the host names of all peers.
    report.excludeNetwork = true;
    const { header, sharedObjects } = report.getReport();
    if (header.glibcVersionRuntime) return 'gnu';
    return sharedObjects.map(libcOfLoader).find((libc) => libc === 'musl');
  } catch (unavailable) {
    return undefined;
  } finally {
    report.excludeNetwork = excludeNetwork;
  }
}

function libcOfLoader(loader) {
  if (loader.includes('/ld-musl-')) return 'musl';
  return /\/ld(-linux|64\.so|\.so)/.test(loader) ? 'gnu' : undefined;
}

/** The loader that a 64-bit, little-endian ELF file names (its program header of type PT_INTERP); '' for none. */
function interpreter(file) {
  const PT_INTERP = 3;
  const header = bytes(file, 0, 64);
  const isElf64 = header.readUInt32BE(0) === 0x7f454c46 && header[4] === 2 && header[5] === 1;
  if (!isElf64) return '';
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

module.exports = { target, targets };
