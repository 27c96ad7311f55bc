'use strict';

// npm run bench: measures gun-native and its peers in one run. See --help, and jobs.js for the jobs.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { parseArgs } = require('util');
const { chosenJobs, ROUNDS } = require('./jobs');
const { runRounds, startRelay, stopAll, stopOnSignals } = require('./harness');
const { evaluate } = require('./targets');
const { jobText, targetsText } = require('./report/text');
const { markdown } = require('./report/markdown');
const { barChart, scalingChart } = require('./chart');
const { evaluateIndexer, measureIndexer, textOfIndexer, textOfIndexerTargets } = require('./indexer');

/** The job that plays an indexer's traffic; it has a harness of its own. */
const INDEXER = 'indexer';

const USAGE = `npm run bench -- [options]
  --job NAME[,NAME]     only these jobs, or groups of jobs (found, missing, batch, known-missing, burst, storm, cache, traces, scaling, load,
                        indexer: an indexer's traffic on the real gun package, on axios and with gun-native)
  --client NAME[,NAME]  only these clients
  --rounds N            rounds of every job (${ROUNDS} of most); the results are medians
  --quick               one short round, for checking that it works, not for results
  --json                the results as JSON on stdout, in place of tables
A run of everything takes some minutes, and writes results.json, RESULTS.md, results.svg and scaling.svg in bench/.`;

function optionsOf(args) {
  const { values } = parseArgs({
    args,
    options: {
      job: { type: 'string' },
      client: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const rounds = values.quick ? 1 : values.rounds && Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
    throw new RangeError(`--rounds ${values.rounds} is not a whole number above 0`);
  }
  return { ...values, rounds, jobs: values.job?.split(','), clients: values.client?.split(',') };
}

function showProgress({ done, total, round, job, client }) {
  const text = job ? `${done}/${total}  round ${round + 1}, ${job}, ${client}` : `${done}/${total}`;
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${job ? text : ''}`);
  else process.stderr.write(`${text}\n`);
}

function aboutThisRun(jobs, rounds) {
  const clients = [...new Set(jobs.flatMap((job) => job.clients))];
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    cpu: os.cpus()[0].model.trim(),
    cpus: os.cpus().length,
    platform: `${os.type()} ${process.arch}`,
    rounds,
    clients: Object.fromEntries(clients.map((client) => [client, require(`./clients/${client}`).version()])),
  };
}

function write(name, text) {
  fs.writeFileSync(path.join(__dirname, name), text);
}

async function indexerResults(quick) {
  const onProgress = (what) => {
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${what}` : `${what}\n`);
  };
  const found = await measureIndexer({ quick, onProgress });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  return { found, targets: evaluateIndexer(found) };
}

function sectionOfIndexer({ found, targets }) {
  const blocks = [textOfIndexer(found), textOfIndexerTargets(targets)].map((text) => `\`\`\`text\n${text}\n\`\`\`\n`);
  return `## An indexer's traffic, on the real gun package\n\n${blocks.join('\n').trimEnd()}`;
}

async function main() {
  const options = optionsOf(process.argv.slice(2));
  if (options.help) {
    console.log(USAGE);
    return;
  }
  const withIndexer = !options.clients && (!options.jobs || options.jobs.includes(INDEXER));
  const names = options.jobs && options.jobs.filter((name) => name !== INDEXER);
  const jobs = chosenJobs({ names, clients: options.clients, rounds: options.rounds, quick: options.quick });
  const about = aboutThisRun(jobs, options.rounds ?? ROUNDS);

  const relay = await startRelay();
  const { results, errors } = await runRounds(relay, jobs, showProgress);
  await relay.stop();

  const indexer = withIndexer ? await indexerResults(options.quick) : undefined;
  const targets = evaluate(results);
  const report = { about, results, targets, indexer };
  if (options.json) console.log(JSON.stringify(report, null, 1));
  else {
    for (const job of jobs) console.log(jobText(job, results[job.name]));
    // A quick run hardly warms up, which favours the client with the least JavaScript, so targets are not evaluated.
    if (targets.length > 0 && !options.quick) console.log(targetsText(targets));
    if (indexer) console.log(`${textOfIndexer(indexer.found)}\n`);
    if (indexer && !options.quick) console.log(textOfIndexerTargets(indexer.targets));
  }
  for (const error of errors) console.error(error.message.split('\n', 1)[0]);
  if (errors.length > 0) process.exitCode = 1;

  const full = !options.jobs && !options.clients && !options.quick && errors.length === 0;
  if (full) {
    write('results.json', `${JSON.stringify(report, null, 1)}\n`);
    write('RESULTS.md', markdown({ ...report, jobs, traffic: sectionOfIndexer(indexer) }));
    write('results.svg', barChart(results, indexer.found));
    write('scaling.svg', scalingChart(results));
  }
}

stopOnSignals();

main().catch((error) => {
  stopAll();
  console.error(error instanceof RangeError || error.code?.startsWith('ERR_PARSE_ARGS') ? error.message : error);
  process.exitCode = 2;
});
