'use strict';

// npm run soak: simulates days of an indexer in minutes and applies the success checklist of the deployment guide.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { parseArgs } = require('util');
const { lineChart } = require('../chart');
const { judge } = require('./checks');
const { observe } = require('./observe');
const { listText, progressText } = require('./text');

const USAGE = `npm run soak -- [options]
  --hours N   hours to live through (24); 16 or more to tell whether memory grows
  --speed N   how many times faster than they pass (720: a day in two minutes); where the machine
              cannot keep up, answers come late and hits are fewer
  --seed N    what the traffic is drawn from (1)
  --out DIR   where soak.json and soak.svg go (.)
The life of entries, sweeps, the relay's waits and pauses between attempts shrink with the hours; traffic grows dense.
Exit code 1 when a point of the list fails.`;

const LIMITS = { hours: [0.01, 720], speed: [1, 10_000], seed: [0, 2 ** 31 - 1] };
const DEFAULTS = { hours: 24, speed: 720, seed: 1 };

function optionsOf(args) {
  const text = { type: 'string' };
  const options = { hours: text, speed: text, seed: text, out: { ...text, default: '.' }, help: { type: 'boolean' } };
  const { values } = parseArgs({ args, options });
  const numbers = Object.entries(LIMITS).map(([name, [least, most]]) => {
    const number = values[name] === undefined ? DEFAULTS[name] : Number(values[name] || NaN);
    if (!(number >= least && number <= most)) throw new RangeError(`--${name} ${values[name]} is not a number from ${least} to ${most}`);
    return [name, number];
  });
  if (!Number.isInteger(Object.fromEntries(numbers).seed)) throw new RangeError(`--seed ${values.seed} is not a whole number`);
  return { ...values, ...Object.fromEntries(numbers) };
}

/** On a terminal, one line that is overwritten; otherwise a line for each tenth of the run. */
function showProgress(hours) {
  let tenths = 0;
  return (sample) => {
    if (process.stderr.isTTY) return process.stderr.write(`\r\x1b[K${progressText(sample, hours)}`);
    const reached = Math.floor((10 * sample.hour) / hours);
    if (reached > tenths) process.stderr.write(`${progressText(sample, hours)}\n`);
    tenths = reached;
  };
}

async function main() {
  const { help, out, hours, speed, seed } = optionsOf(process.argv.slice(2));
  if (help) return console.log(USAGE);
  const options = { hours, speed, seed };
  console.log(`${hours} h in ${((hours * 60) / speed).toFixed(1)} min\n`);
  const run = await observe(options, showProgress(hours));
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const checks = judge(run);
  console.log(listText(run, checks));

  const about = { date: new Date().toISOString().slice(0, 10), node: process.version, cpu: os.cpus()[0].model.trim(), cpus: os.cpus().length };
  fs.mkdirSync(out, { recursive: true });
  fs.writeFileSync(path.join(out, 'soak.json'), `${JSON.stringify({ about, ...run, checks }, null, 1)}\n`);
  fs.writeFileSync(path.join(out, 'soak.svg'), lineChart(run));
  console.log(`\n${path.join(out, 'soak.json')} and ${path.join(out, 'soak.svg')} have the details.`);
  process.exitCode = checks.some(({ passed }) => passed === false) ? 1 : 0;
}

main().catch((error) => {
  const isUsage = error instanceof RangeError || String(error.code).startsWith('ERR_PARSE_ARGS');
  console.error(isUsage ? `${error.message}\n\n${USAGE}` : error);
  process.exitCode = 2;
});
