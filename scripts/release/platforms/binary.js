'use strict';

// Checks of a binary before it is published.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { ROOT, output } = require('../../command');
const { GLIBC_BASELINE } = require('../targets');

/** Size limit of a binary, so that installing stays quick: the 4 MB of Cargo.toml. */
const MAX_BYTES = 4_000_000;

/** The libraries that a Linux binary may need, by libc: those of the libc itself. */
const LIBRARIES = {
  glibc: /^(libc\.so\.6|libpthread\.so\.0|libdl\.so\.2|libm\.so\.6|librt\.so\.1|ld-linux-(x86-64|aarch64)\.so\.[12])$/,
  musl: /^libc\.so$/,
};

/** File formats by their first bytes. */
const MAGIC = { linux: '\x7fELF', win32: 'MZ', darwin: '\xcf\xfa\xed\xfe' };

/** Returns size and glibc version of a binary; throws a list of its faults. */
function checked(target, file) {
  const bytes = fs.readFileSync(file);
  const text = bytes.toString('latin1');
  const faults = [];
  if (!text.startsWith(MAGIC[target.os])) faults.push(`it is no binary for ${target.os}`);
  if (!text.includes('napi_register_module_v1')) faults.push('it exports no addon');
  if (bytes.length > MAX_BYTES) faults.push(`it has ${bytes.length} bytes; ${MAX_BYTES} are allowed`);
  for (const found of pathsIn(text)) faults.push(`it holds a path of this machine: ${found}`);
  const glibc = newestGlibc(text);
  if (compare(glibc, target.libc === 'glibc' ? GLIBC_BASELINE : '0') > 0) faults.push(`it asks for glibc ${glibc}`);
  const foreign = target.os === 'linux' ? librariesOf(file).filter((name) => !LIBRARIES[target.libc].test(name)) : [];
  if (foreign.length > 0) faults.push(`it asks for ${foreign.join(', ')}`);
  if (faults.length > 0) throw new Error(`${file} cannot be published:\n  ${faults.join('\n  ')}`);
  return { bytes: bytes.length, glibc: target.libc === 'glibc' ? glibc : undefined };
}

/** Folders of the build machine that occur in the binary, each with what follows. */
function pathsIn(text) {
  const folders = [ROOT, os.homedir(), os.tmpdir(), process.env.CARGO_HOME].filter((folder) => folder && folder !== path.parse(folder).root);
  const found = folders.filter((folder) => text.includes(folder + path.sep));
  const anyHome = /(?:\/home|\/root|\/Users|\\Users)[/\\][\w.-]+/.exec(text);
  return anyHome ? [...found, anyHome[0]] : found;
}

/** The newest glibc version among the needed symbols; '0' for none. */
function newestGlibc(text) {
  return [...text.matchAll(/GLIBC_(\d+\.\d+)/g)].map(([, version]) => version).sort(compare).pop() || '0';
}

function compare(one, other) {
  return one.localeCompare(other, 'en', { numeric: true });
}

function librariesOf(file) {
  return [...output('readelf', ['-d', file]).matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name]) => name);
}

module.exports = { checked };
