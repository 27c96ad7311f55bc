'use strict';

const { counted, runChecks } = require('./checks');
const { EXIT } = require('./exit');
const { wholeNumber } = require('./options');
const { relayOf, shown } = require('./relay');
const { madeUpSouls, soulsIn } = require('./souls');
const { table } = require('./table');
const { paint, printable, progress } = require('./terminal');

const HEAD = ['check', 'expectation', 'measurement', ''];
const COLOURS = { PASS: 'green', FAIL: 'red' };

/** Checks a relay and prints what came of it. */
async function run(operands, values) {
  const relay = relayOf(values.relay);
  const passes = wholeNumber(values, 'passes', { least: 2, most: 100, otherwise: 2 });
  const callers = wholeNumber(values, 'callers', { least: 1, most: 1000, otherwise: 10 });
  const [madeUp, souls] = [madeUpSouls(), await soulsIn(values.souls)];
  const { show, clear } = progress();
  const { checks, failure } = await runChecks(relay, { madeUp, souls, passes, callers }, show).finally(clear);
  const report = { relay: shown(relay), souls: madeUp.length + souls.length, passes, callers };
  report.passed = checks.every(({ passed }) => passed);
  report.checks = checks;
  process.stdout.write(values.json ? `${printable(JSON.stringify(report, null, 2))}\n` : textOf(report));
  if (checks.length === 1) process.stderr.write('The other checks need a relay that knows what is missing.\n');
  if (failure) return EXIT.FAILED;
  return report.passed ? EXIT.FINE : EXIT.CHECK_FAILED;
}

function textOf({ relay, souls, passes, callers, checks }) {
  const rows = checks.map(({ check, expectation, measurement, passed }) => [check, expectation, measurement, passed ? 'PASS' : 'FAIL']);
  const paintVerdict = (cell) => (COLOURS[cell] ? paint(process.stdout, COLOURS[cell], cell) : cell);
  const head = `${relay}: ${souls} souls, ${passes} passes, ${counted(callers, 'caller')}`;
  return `${head}\n\n${table([HEAD, ...rows], '<<<<', paintVerdict)}\n`;
}

module.exports = { run };
