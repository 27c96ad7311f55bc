'use strict';

const fs = require('fs');
const { randomBytes } = require('crypto');
const { usage } = require('./options');

/** As many as one API call of an indexer asks for; on the wire together, they cost a relay over `gun` its 3 s once. */
const MADE_UP = 56;

/** Souls that no relay has: nobody has drawn these 128 bits before. */
function madeUpSouls() {
  const prefix = `gun-native-verify:${randomBytes(16).toString('hex')}`;
  return Array.from({ length: MADE_UP }, (_, number) => `${prefix}:${number}`);
}

/** The souls of a file, one a line; `-` is stdin. */
async function soulsIn(file) {
  if (file === undefined) return [];
  const lines = textOf(await bytesOf(file), file).split(/\r?\n/);
  return [...new Set(lines.filter((line) => line !== ''))];
}

async function bytesOf(file) {
  try {
    if (file !== '-') return await fs.promises.readFile(file);
    const parts = [];
    for await (const part of process.stdin) parts.push(part);
    return Buffer.concat(parts);
  } catch (error) {
    throw usage(`option --souls: ${error.message}`);
  }
}

function textOf(bytes, file) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (notUtf8) {
    throw usage(`option --souls: ${file === '-' ? 'stdin' : file} is not UTF-8`);
  }
}

module.exports = { madeUpSouls, soulsIn };
