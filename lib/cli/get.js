'use strict';

const fs = require('fs');
const { MAX_DEPTH, MAX_TIMER_MS } = require('../arguments');
const { GunClient } = require('../client');
const { EXIT, usage, wholeNumber, withScheme } = require('./main');
const { counted, printable, progress, wrapped } = require('./terminal');

/** The default of `relayUrl` in index.d.ts. */
const DEFAULT_RELAY = 'http://gun-relay:8765';

/** The exit code is that of the worst outcome. */
const EXIT_OF_OUTCOME = { found: EXIT.FINE, missing: EXIT.MISSING, failed: EXIT.FAILED };

/** Prints the records of these souls. */
async function run(operands, values) {
  const options = {
    resolveRefs: wholeNumber(values, 'refs', { least: 0, most: MAX_DEPTH, otherwise: 0 }),
    timeoutMs: wholeNumber(values, 'timeout', { least: 1, most: MAX_TIMER_MS }),
  };
  const souls = await withStdin(operands);
  const client = openClient(relayOf(values.relay));
  for (const soul of souls) client.invalidate(soul); // throws if it is not a soul, before anything is requested
  const results = (await answersOf(client, souls, options)).map((answer, index) => resultOf(souls[index], answer));
  const documents = values.json ? [results] : results.filter(({ record }) => record).map(({ record }) => record);
  for (const document of documents) process.stdout.write(`${jsonOf(document)}\n`);
  for (const result of results) tell(result);
  return Math.max(EXIT.FINE, ...results.map(({ outcome }) => EXIT_OF_OUTCOME[outcome]));
}

/** The souls, with `-` replaced by those from stdin. */
async function withStdin(operands) {
  const at = operands.indexOf('-');
  if (at === -1) return operands;
  const read = await soulsIn('-', 'get');
  return [...operands.slice(0, at), ...read, ...operands.slice(at + 1).filter((soul) => soul !== '-')];
}

/** The souls of a file, one per line; `-` is stdin. */
async function soulsIn(file, whose) {
  const lines = textOf(await bytesOf(file, whose), file, whose).split(/\r?\n/);
  return [...new Set(lines.filter((line) => line !== ''))];
}

async function bytesOf(file, whose) {
  try {
    if (file !== '-') return await fs.promises.readFile(file);
    const parts = [];
    for await (const part of process.stdin) parts.push(part);
    return Buffer.concat(parts);
  } catch (error) {
    throw usage(`${whose}: ${error.message}`);
  }
}

function textOf(bytes, file, whose) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (notUtf8) {
    throw usage(`${whose}: ${file === '-' ? 'stdin' : file} is not UTF-8`);
  }
}

async function answersOf(client, souls, options) {
  const { show, clear } = progress();
  show(`requesting ${counted(souls.length, 'soul')}`);
  try {
    return await client.getRecords(souls, options);
  } finally {
    clear();
    await client.close();
  }
}

function resultOf(soul, answer) {
  if (answer === null) return { soul, outcome: 'missing' };
  if (!(answer instanceof Error)) return { soul, outcome: 'found', record: answer };
  const { code, message, status, attempts, retryable, cause } = answer;
  return { soul, outcome: 'failed', error: Object.assign({ code, message, status, attempts, retryable }, cause && { cause: causeOf(cause) }) };
}

function causeOf({ code, message }) {
  return { code, message };
}

function jsonOf(value) {
  return printable(JSON.stringify(value, null, 2));
}

/** Prints to stderr what is not on stdout. */
function tell({ soul, outcome, error }) {
  if (outcome === 'missing') process.stderr.write(`missing: ${jsonOf(soul)}\n`);
  if (outcome === 'failed') process.stderr.write(`${wrapped(`failed: ${error.message}`, '', process.stderr)}\n`);
}

/** The relay and where its address comes from: the option, else the environment, else the default. */
function relayOf(option) {
  if (option !== undefined) return { relayUrl: withScheme(option), source: 'option --relay' };
  const peers = (process.env.GUN_PEERS || '').trim();
  if (peers === '') return { relayUrl: DEFAULT_RELAY, source: 'the default relay' };
  const entries = peers.split(',').map((peer) => peer.trim());
  const first = entries.find((peer) => /^https?:\/\//i.test(peer));
  const socket = entries.find((peer) => /^wss?:\/\/[^/]+\/gun\/?$/i.test(peer));
  const relayUrl = first || (socket ? socket.replace(/^ws/i, 'http').replace(/\/gun\/?$/i, '') : peers);
  return { relayUrl, source: 'environment variable GUN_PEERS' };
}

/** A client for a relay, silent unless `options` has a logger. An error about the address names its source. */
function openClient({ relayUrl, source }, options) {
  try {
    return new GunClient(Object.assign({ logger: false }, options, { relayUrl }));
  } catch (error) {
    error.message = error.message.replace('option relayUrl', source);
    throw error;
  }
}

/** The address without credentials. */
function shown({ relayUrl }) {
  const url = new URL(relayUrl);
  return `${url.origin}${url.pathname}`.replace(/\/$/, '');
}

module.exports = { DEFAULT_RELAY, openClient, relayOf, run, shown, soulsIn };
