'use strict';

// npm run example [-- --step N]: starts the indexer with its first N patches (0 to 3, by default all) in its own process. For its
// environment variables see indexer/README.md.

const { spawn } = require('child_process');
const { parseArgs } = require('util');
const { STEPS, patchedIndexer } = require('./steps/patched');

const { values } = parseArgs({ options: { step: { type: 'string', default: String(STEPS.length) } } });
const step = Number(values.step);
if (!(Number.isInteger(step) && step >= 0 && step <= STEPS.length)) {
  console.error(`--step ${values.step} is not a whole number from 0 to ${STEPS.length}`);
  process.exit(2);
}

const { folder, remove } = patchedIndexer(step);
process.on('exit', remove);
const child = spawn(process.execPath, [...process.execArgv, folder], { stdio: 'inherit' });
// Ctrl-C reaches both processes; this one exits when the indexer does.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code) => process.exit(code === null ? 1 : code));
