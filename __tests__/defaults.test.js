'use strict';

// The options, their defaults and their variables stand in src/config for the program, in index.d.ts for an editor, and in
// two documents for people. They have to say the same.

const fs = require('fs');
const path = require('path');
const { ROOT } = require('./helpers/child');

const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8');
const PREFIXES = { GunClientOptions: '', CacheOptions: 'cache.', BackoffOptions: 'backoff.', RetryBudgetOptions: 'retryBudget.', BreakerOptions: 'breaker.' };
/** They have members that are options. */
const GROUPS = ['cache', 'backoff', 'retryBudget', 'breaker'];

/** What index.d.ts says: `{ option: { standard, variable } }`. */
function declared() {
  const interfaces = read('index.d.ts').split(/^export interface /m).slice(1);
  const members = interfaces.flatMap((text) => {
    const prefix = PREFIXES[/^\w+/.exec(text)[0]];
    if (prefix === undefined) return [];
    const found = text.split(/^}/m)[0].matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\s+(\w+)\?:/g);
    return [...found].map(([, comment, name]) => [`${prefix}${name}`, saidIn(comment)]);
  });
  return Object.fromEntries(members.filter(([name]) => !GROUPS.includes(name)));
}

function saidIn(comment) {
  const [, standard] = /@default (.*)/.exec(comment) || [];
  const [, variable] = /Environment: [^`]*`(GUN_\w+)`/.exec(comment) || [];
  return { standard: standard && standard.replaceAll("'", ''), variable };
}

/** The rows of the table below this heading of a document, each by its cells. */
function rowsOf(file, heading) {
  const [, section] = read(file).split(`\n## ${heading}\n`);
  const [table] = /(^\|.*\n)+/m.exec(section);
  return table.trim().split('\n').slice(2).map((row) => row.split('|').slice(1, -1).map((cell) => cell.trim()));
}

const quoted = (cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text);

/** What the README says, in the same shape. */
function documented() {
  const options = rowsOf('README.md', 'Options').flatMap(([names, standards, variable]) => {
    const [, name] = /\b(GUN_\w+)/.exec(variable) || [];
    return quoted(names).map((option, at) => [option, { standard: quoted(standards)[at], variable: name }]);
  });
  return Object.fromEntries(options);
}

test('the README has every option that index.d.ts has, and no other', () => {
  expect(Object.keys(documented()).sort()).toEqual(Object.keys(declared()).sort());
});

test.each(Object.entries(declared()))('the README and index.d.ts say the same of %s', (option, { standard, variable }) => {
  const said = documented()[option];
  expect(said.variable).toBe(variable);
  // A default that is no value is left out of the table.
  if (said.standard !== undefined) expect(said.standard).toBe(standard);
  else expect(standard === undefined || /none|roots/.test(standard)).toBe(true);
});

test('the whole numbers among them are those of the program', () => {
  const settings = [...read('src/config/settings.rs').matchAll(/option: "([\w.]+)",\s+variable: (?:None|Some\("(\w+)"\)),[^}]*?default: ([\w_]+),/g)];
  expect(settings).toHaveLength(16);
  const options = declared();
  for (const [, option, variable, standard] of settings) {
    expect([option, options[option].variable, options[option].standard]).toEqual([option, variable, standard.replaceAll('_', '')]);
  }
});

test("the operators' guide has every variable with its default", () => {
  const ofGuide = rowsOf('docs/deployment.md', 'Tuning').flatMap(([variables, standards]) => {
    return quoted(variables).map((variable, at) => [variable, quoted(standards)[at]]);
  });
  const expected = Object.values(declared()).filter(({ variable }) => variable).map(({ variable, standard }) => [variable, standard]);
  // What is logged is `on` or `off` there, and a logger here.
  const onOrOff = ([variable, standard]) => [variable, variable === 'GUN_NATIVE_LOG' ? 'on' : standard];
  expect(ofGuide.sort()).toEqual(expected.map(onOrOff).sort());
});
