'use strict';

const { execFile } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { promisify } = require('util');
const { TOOLS, find } = require('./tools');

/** Options of a browser that connects only to loopback, stores nothing, and exits by itself. */
const FLAGS = [
  '--headless',
  '--no-sandbox', // which root may not have
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/**
 * Opens a page, advances its virtual time by `ms`, and applies a flag: `--dump-dom` or `--screenshot=FILE`. With `ms: null`, it
 * applies the flag when the page has loaded.
 *
 * @returns {Promise<string>} what the browser printed
 */
async function open(url, flag, { ms = 3000, width = 1280, height = 1000, flags: more = [] } = {}) {
  const program = find('chromium');
  if (program === undefined) throw new Error(`chromium was not found; it is in the Debian package ${TOOLS.chromium}`);
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-chromium-'));
  try {
    const time = ms === null ? [] : [`--virtual-time-budget=${ms}`];
    const flags = [...FLAGS, `--user-data-dir=${profile}`, `--window-size=${width},${height}`, ...time, ...more];
    const { stdout } = await promisify(execFile)(program, [...flags, flag, url], { timeout: 60_000 });
    return stdout;
  } finally {
    fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The DOM of a page after a while. */
const domOf = (url, options) => open(url, '--dump-dom', options);

/** A screenshot of a page, as a PNG. */
const picture = (url, file, options) => open(url, `--screenshot=${file}`, options);

module.exports = { domOf, picture };
