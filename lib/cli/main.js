'use strict';

const { version } = require('../../package.json');
const { EXIT, exitCodeOf } = require('./exit');
const { parse } = require('./options');
const { USAGE } = require('./usage');

// Loaded when they are wanted: help and the statistics of an indexer need no binary.
const COMMANDS = {
  get: () => require('./get'),
  stats: () => require('./stats'),
  verify: () => require('./verify'),
};

/** Does what the command line says; resolves with the exit code. */
async function main(argv) {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', onWriteError);
  try {
    const { command, operands, values } = parse(argv);
    if (values.help) return print(USAGE);
    if (values.version) return print(version);
    return await COMMANDS[command]().run(operands, values);
  } catch (error) {
    const exitCode = exitCodeOf(error);
    const isForeseen = exitCode !== EXIT.BROKEN || error.name === 'GunError';
    process.stderr.write(`gun-native: ${isForeseen ? error.message : error.stack}\n`);
    if (exitCode === EXIT.USAGE) process.stderr.write('gun-native --help tells what there is.\n');
    return exitCode;
  }
}

function print(text) {
  process.stdout.write(`${text}\n`);
  return EXIT.FINE;
}

/** A reader that has seen enough, as `head` has, is no failure; a full disk is. */
function onWriteError(error) {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`gun-native: ${error.message}\n`);
  process.exit(EXIT.BROKEN);
}

module.exports = { main };
