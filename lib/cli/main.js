'use strict';

const { parseArgs } = require('util');
const { version } = require('../../package.json');
const { show } = require('../arguments');
const { closest } = require('../closest');

/** Exit codes of the command line. */
const EXIT = Object.freeze({ FINE: 0, MISSING: 1, CHECK_FAILED: 1, USAGE: 2, FAILED: 3, BROKEN: 4 });
const EXIT_OF_CODE = { ERR_GUN_INVALID_ARGUMENT: EXIT.USAGE, ERR_GUN_BINARY_MISSING: EXIT.BROKEN };

/** An error that ends a command: a message for the user and an exit code. */
class Ending extends Error {
  constructor(message, exitCode) {
    super(message);
    this.exitCode = exitCode;
  }
}

function usage(message) {
  return new Ending(message, EXIT.USAGE);
}

const OPTIONS = {
  relay: { type: 'string' },
  json: { type: 'boolean' },
  refs: { type: 'string' },
  timeout: { type: 'string' },
  watch: { type: 'boolean' },
  souls: { type: 'string' },
  passes: { type: 'string' },
  callers: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
};

/** The commands and their options. Commands are loaded when used, because help and an indexer's statistics need no binary. */
const COMMANDS = {
  get: {
    load: () => require('./get'),
    options: ['relay', 'json', 'refs', 'timeout'],
    operands: 'one SOUL or more',
    takes: (count) => count >= 1,
    help: `gun-native get SOUL... [options]
  Prints each record as JSON. Missing souls are listed on
  stderr. "-" reads souls from stdin, one per line.

  --relay URL     base URL of the relay
  --refs DEPTH    follow references up to DEPTH levels,
                  0 to 8 (0)
  --timeout MS    time limit of the whole call (45000)
  --json          one document: [{ "soul", "outcome",
                  "record" or "error" }, ...]; outcomes are
                  found, missing and failed

  gun-native get oip:registry --relay localhost:8765
  gun-native get "$SOUL" --refs 2 --json
  gun-native get - < souls.txt`,
  },
  stats: {
    load: () => require('./stats'),
    options: ['json', 'watch'],
    operands: 'one URL',
    takes: (count) => count === 1,
    help: `gun-native stats URL [options]
  Prints the statistics of a running indexer. URL is its
  address, or an endpoint that ends in /stats; for an
  address, /api/gun/stats is tried, then /gun/stats.

  --watch         live screen, updated every 2 s
  --json          the indexer's JSON, unchanged

  gun-native stats localhost:3005
  gun-native stats localhost:3005 --watch`,
  },
  verify: {
    load: () => require('./verify'),
    options: ['relay', 'json', 'souls', 'passes', 'callers'],
    operands: 'options only',
    takes: (count) => count === 0,
    help: `gun-native verify [options]
  Checks caching and error handling against a relay: each
  missing soul must cost one request and then be cached,
  and failures must be errors. Writes nothing to the relay.

  --relay URL     base URL of the relay
  --souls FILE    also request these souls, one per line;
                  "-" is stdin. The others are made up.
  --passes N      how often each soul is requested,
                  2 to 100 (2)
  --callers N     concurrent callers per soul,
                  1 to 1000 (10)
  --json          the report as JSON

  gun-native verify --relay http://gun-relay:8765
  gun-native verify --souls souls.txt --passes 3`,
  },
};

const HEAD = `gun-native ${version}: records from a GUN relay

gun-native get SOUL...   print records
gun-native stats URL     statistics of an indexer
gun-native verify        check a relay
gun-native help COMMAND  options and examples
gun-native --version     or -v`;

const FOOT = `Without --relay, the relay is the first usable entry of
GUN_PEERS, else http://gun-relay:8765. A URL without a
scheme is read as http. "--" ends the options, for souls
that begin with a dash. Terminals get colour and progress;
NO_COLOR and FORCE_COLOR are respected.

Exit codes
  0 fine
  1 a soul is missing, or a check failed
  2 the command line is wrong
  3 the relay or the indexer failed
  4 gun-native itself could not run`;

/** Help for everything, or for one command. */
function helpFor(command) {
  if (command) return `${COMMANDS[command].help}\n\n${FOOT}`;
  return [HEAD, ...Object.keys(COMMANDS).map((name) => COMMANDS[name].help), FOOT].join('\n\n');
}

/** Runs the command line; resolves with the exit code. */
async function main(argv) {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', onWriteError);
  try {
    const { text, command, operands, values } = parse(argv);
    if (text === undefined) return await COMMANDS[command].load().run(operands, values);
    process.stdout.write(`${text}\n`);
    return EXIT.FINE;
  } catch (error) {
    const exitCode = exitCodeOf(error);
    const isForeseen = exitCode !== EXIT.BROKEN || error.name === 'GunError';
    process.stderr.write(`gun-native: ${isForeseen ? error.message : error.stack}\n`);
    if (exitCode === EXIT.USAGE) process.stderr.write('Run "gun-native --help" for usage.\n');
    return exitCode;
  }
}

/** The exit code of an error. Unexpected errors are bugs of this package. */
function exitCodeOf(error) {
  if (error instanceof Ending) return error.exitCode;
  if (error.name === 'GunError') return EXIT_OF_CODE[error.code] || EXIT.FAILED;
  return EXIT.BROKEN;
}

/** The command line as `{ command, operands, values }`, or `{ text }` if help or the version is asked for. */
function parse(argv) {
  const { values, positionals } = parsed(argv);
  const [command, ...operands] = positionals;
  if (values.version) return { text: version };
  if (command === 'help') return { text: helpFor(operands.length > 0 ? known(operands[0]) : undefined) };
  if (values.help) return { text: helpFor(command === undefined ? undefined : known(command)) };
  if (command === undefined) throw usage(`a command is missing: ${Object.keys(COMMANDS).join(', ')} or help`);
  const { options, operands: expected, takes } = COMMANDS[known(command)];
  for (const name of Object.keys(values)) {
    if (!options.includes(name)) throw usage(`${command} has no option --${name}${meant(`--${name}`, options.map((option) => `--${option}`))}`);
  }
  if (!takes(operands.length)) throw usage(`${command} takes ${expected}, got ${operands.length}`);
  return { command, operands, values };
}

function known(command) {
  const names = Object.keys(COMMANDS);
  if (names.includes(command)) return command;
  throw usage(`there is no command ${show(command)}${meant(command, [...names, 'help'])}`);
}

function parsed(argv) {
  try {
    return parseArgs({ args: argv, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    const [, unknown] = (error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' && /'(-[^'\s]*)/.exec(error.message)) || [];
    if (unknown === undefined) throw usage(error.message);
    const hint = meant(unknown, Object.keys(OPTIONS).map((name) => `--${name}`));
    throw usage(`there is no option ${show(unknown).slice(1, -1)}${hint || '; put "--" before a soul that begins with a dash'}`);
  }
}

/** `, did you mean X?` for a name that resembles one of these, otherwise an empty string. */
function meant(given, names) {
  const name = closest(given, names);
  return name === undefined ? '' : `, did you mean ${name}?`;
}

/** An option's whole number; `otherwise` if it is not given. */
function wholeNumber(values, name, { least, most, otherwise }) {
  const text = values[name];
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw usage(`option --${name} must be a whole number from ${least} to ${most}, got ${show(text)}`);
}

/** A URL as typed: `localhost:3005` is http. */
function withScheme(text) {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
}

/** A reader that stops reading, such as `head`, is not an error; a full disk is. */
function onWriteError(error) {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`gun-native: ${error.message}\n`);
  process.exit(EXIT.BROKEN);
}

module.exports = { EXIT, Ending, main, usage, wholeNumber, withScheme };
