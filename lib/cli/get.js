'use strict';

const { MAX_DEPTH, MAX_TIMER_MS } = require('../arguments');
const { EXIT } = require('./exit');
const { wholeNumber } = require('./options');
const { openClient, relayOf } = require('./relay');
const { printable, progress } = require('./terminal');

/** The worst outcome of a soul is that of the command. */
const EXIT_OF_OUTCOME = { found: EXIT.FINE, missing: EXIT.MISSING, failed: EXIT.FAILED };

/** Prints the records of these souls. */
async function run(souls, values) {
  const options = {
    resolveRefs: wholeNumber(values, 'refs', { least: 0, most: MAX_DEPTH, otherwise: 0 }),
    timeoutMs: wholeNumber(values, 'timeout', { least: 1, most: MAX_TIMER_MS }),
  };
  const client = openClient(relayOf(values.relay));
  for (const soul of souls) client.invalidate(soul); // throws where it is no soul, before anything is asked
  const results = (await answersOf(client, souls, options)).map((answer, index) => resultOf(souls[index], answer));
  const documents = values.json ? [results] : results.filter(({ record }) => record).map(({ record }) => record);
  for (const document of documents) process.stdout.write(`${jsonOf(document)}\n`);
  for (const result of results) tell(result);
  return Math.max(...results.map(({ outcome }) => EXIT_OF_OUTCOME[outcome]));
}

async function answersOf(client, souls, options) {
  const { show, clear } = progress();
  show(`asking for ${souls.length === 1 ? 'one soul' : `${souls.length} souls`}`);
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
  const { code, message, status, attempts, retryable } = answer;
  return { soul, outcome: 'failed', error: { code, message, status, attempts, retryable } };
}

function jsonOf(value) {
  return printable(JSON.stringify(value, null, 2));
}

/** What is not on stdout, for people. */
function tell({ soul, outcome, error }) {
  if (outcome === 'missing') process.stderr.write(`missing: ${jsonOf(soul)}\n`);
  if (outcome === 'failed') process.stderr.write(`failed: ${error.message}\n`);
}

module.exports = { run };
