'use strict';

// npm run demo: the work of an indexer on plain axios and with gun-native, step by step, on the real gun package.
// With --shared, see shared/demo.js.

const { parseArgs } = require('util');
const { WAYS, runSteps } = require('./steps/run');
const { Terminal } = require('./steps/terminal');

const USAGE = `npm run demo [-- --wait MS | --shared]
The work of the indexer in examples/indexer on axios alone and with one, two and three patches, each with a local relay
on the npm package gun. It takes some 40 s, most of which axios waits for missing records.
  --wait MS  how long the relays take to report a missing record (3000, as the real one)
  --shared   instead, two processes that share what they know in a Valkey, which is installed for it
  --help`;

/** Small enough that axios alone, which waits 3 s for each missing index, ends within a minute. */
const SIZES = {
  work: ['sync cycle, first', 'sync cycle, second', 'discovery', 'missing, ten callers', 'deletion checks', 'put, then read'],
  types: 8,
  missing: 10,
  checks: 20,
  deleted: 60,
};
const MISSING_TYPES = 2;

async function main() {
  const { values } = parseArgs({ options: { wait: { type: 'string', default: '3000' }, shared: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help) return console.log(USAGE);
  if (values.shared) return require('./shared/demo').demonstrate();
  const waitMs = Number(values.wait);
  if (!(waitMs >= 0 && waitMs <= 10000)) throw new RangeError(`--wait ${values.wait} is not a number from 0 to 10000`);
  console.log(`An indexer with ${SIZES.types} types of records, ${MISSING_TYPES} of them missing at the relay, in four ways at once:`);
  console.log('on axios alone, and with one more patch of examples/indexer/patches each.\n');
  const terminal = new Terminal(SIZES.work.length * WAYS.length);
  try {
    const results = await runSteps({ ...SIZES, waitMs }, {
      onResult: (way, { name, ms }) => terminal.done(`${way}: ${name} in ${seconds(ms)}`),
      onLog: (way, line) => terminal.print(`${way}: ${line}`),
    });
    terminal.end();
    console.log(`\n${table(results)}\n`);
    return console.log(explanation(results, waitMs));
  } finally {
    terminal.end();
  }
}

const seconds = (ms) => `${(ms / 1000).toFixed(ms < 995 ? 3 : 1)} s`;

/** Two lines per part: time and requests of each way, and the result below. */
function table(results) {
  const rows = [['time, requests', ...WAYS]];
  SIZES.work.forEach((name, n) => {
    rows.push([name, ...results.map((way) => `${seconds(way[n].ms)}, ${way[n].requests}`)], ['', ...results.map((way) => way[n].result)]);
  });
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('   ').trimEnd();
  return rows.map(line).join('\n');
}

function explanation(results, waitMs) {
  const [alone, install, helper, loops] = results.map((way) => Object.fromEntries(way.map((result) => [result.name, result])));
  const wait = `${waitMs / 1000} s`;
  const paragraphs = [
    `What you saw. A relay takes ${wait} to report a missing record. On axios alone, the indexer asks for one index after the other, ` +
      `and in the second cycle again: ${seconds(alone['sync cycle, first'].ms)}, then ${seconds(alone['sync cycle, second'].ms)}. ` +
      'The real one has 37 types, of which some 30 are missing, so that each cycle waits 90 s and more.',
    `"install" changes no code of the helpers. Missing records are asked for once: the second cycle took ${seconds(install['sync cycle, second'].ms)}. ` +
      `Ten callers of the same ${SIZES.missing} records share each answer: ${alone['missing, ten callers'].requests} requests became ${install['missing, ten callers'].requests}.`,
    `"helper" makes a put show at once: the record just put read as "${install['put, then read'].result}" before, and as "${helper['put, then read'].result}" since.`,
    `"loops" asks for everything that a loop needs at once. The first cycle took ${seconds(loops['sync cycle, first'].ms)}, and discovery found ` +
      `${loops.discovery.result} records in place of ${alone.discovery.result}, because it follows the references that GUN makes of nested objects.`,
    'npm run bench -- --job indexer measures the same at the real sizes.',
  ];
  return paragraphs.map((text) => wrapped(text, 100)).join('\n\n');
}

function wrapped(text, width) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.join('\n');
}

main().catch((error) => {
  const isUsage = error instanceof RangeError || String(error.code).startsWith('ERR_PARSE_ARGS');
  console.error(isUsage ? `${error.message}\n\n${USAGE}` : `The demo failed: ${error.message}`);
  process.exitCode = isUsage ? 2 : 1;
});
