'use strict';

const { parseArgs } = require('util');
const { show } = require('../arguments');
const { EXIT, Ending } = require('./exit');

const OPTIONS = {
  relay: { type: 'string' },
  json: { type: 'boolean' },
  refs: { type: 'string' },
  timeout: { type: 'string' },
  souls: { type: 'string' },
  passes: { type: 'string' },
  callers: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
};

/** What each command takes. */
const COMMANDS = {
  get: { options: ['relay', 'json', 'refs', 'timeout'], operands: 'one SOUL or more', takes: (count) => count >= 1 },
  stats: { options: ['json'], operands: 'one URL', takes: (count) => count === 1 },
  verify: { options: ['relay', 'json', 'souls', 'passes', 'callers'], operands: 'options only', takes: (count) => count === 0 },
};

/** The command line as `{ command, operands, values }`. The command may be missing where help or the version is asked for. */
function parse(argv) {
  const { values, positionals } = parsed(argv);
  if (values.help || values.version) return { values };
  const [command, ...operands] = positionals;
  const names = Object.keys(COMMANDS);
  if (command === undefined) throw usage(`a command is missing, one of ${names.join(', ')}`);
  if (!names.includes(command)) throw usage(`there is no command ${show(command)}, only ${names.join(', ')}`);
  const { options, operands: expected, takes } = COMMANDS[command];
  for (const name of Object.keys(values)) {
    if (!options.includes(name)) throw usage(`option --${name} does not go with ${command}`);
  }
  if (!takes(operands.length)) throw usage(`${command} takes ${expected}, got ${operands.length} of them`);
  return { command, operands, values };
}

function parsed(argv) {
  try {
    return parseArgs({ args: argv, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw usage(error.message);
  }
}

/** An option's whole number; `otherwise` where it is not given. */
function wholeNumber(values, name, { least, most, otherwise }) {
  const text = values[name];
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw usage(`option --${name} must be a whole number from ${least} to ${most}, got ${show(text)}`);
}

function usage(message) {
  return new Ending(message, EXIT.USAGE);
}

module.exports = { parse, usage, wholeNumber };
