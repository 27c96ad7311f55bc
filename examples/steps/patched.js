'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { applyPatch, parsePatch } = require('diff');

const ROOT = path.resolve(__dirname, '../..');
const INDEXER = path.join(ROOT, 'examples/indexer');
const PATCHES = path.join(INDEXER, 'patches');

/** The patches that add gun-native to the indexer, in order. */
const STEPS = fs.readdirSync(PATCHES).filter((name) => name.endsWith('.patch')).sort();

/**
 * Copies the indexer to a new folder and applies the first `steps` patches.
 *
 * @returns {{folder: string, remove: () => void}} `folder` holds the indexer; its packages are those installed here.
 */
function patchedIndexer(steps) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-indexer-'));
  const folder = path.join(home, 'indexer');
  fs.cpSync(INDEXER, folder, { recursive: true });
  fs.mkdirSync(path.join(home, 'node_modules'));
  for (const name of ['axios', 'express', 'prom-client']) link(path.join(ROOT, 'node_modules', name), path.join(home, 'node_modules', name));
  link(ROOT, path.join(home, 'node_modules/gun-native'));
  link(path.join(ROOT, 'examples/relay'), path.join(home, 'relay'));
  for (const step of STEPS.slice(0, steps)) applyTo(folder, fs.readFileSync(path.join(PATCHES, step), 'utf8'));
  return { folder, remove: () => fs.rmSync(home, { recursive: true, maxRetries: 5 }) };
}

function link(target, at) {
  fs.symlinkSync(target, at, 'junction');
}

function applyTo(folder, text) {
  for (const patch of parsePatch(text)) {
    const file = path.join(folder, patch.newFileName.replace(/^b\//, ''));
    const before = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
    const after = applyPatch(before, patch);
    if (after === false) throw new Error(`the patch of ${patch.newFileName} does not fit`);
    fs.writeFileSync(file, after);
  }
}

module.exports = { INDEXER, STEPS, patchedIndexer };
