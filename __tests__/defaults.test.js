'use strict';

// Options, defaults and environment variables are defined in src/config and repeated in index.d.ts, the README and the
// deployment guide. All four must agree.

const fs = require('fs');
const path = require('path');
const { ROOT } = require('./helpers/child');

const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8');
/** The members of an interface in index.d.ts: `[name, type, comment]`. */
function membersOf(name) {
  const [, body] = new RegExp(`^export interface ${name} [^]*?\\{([^]*?)^}`, 'm').exec(read('index.d.ts'));
  const members = body.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\s+(?:readonly )?(\w+)\?:([^;]*);/g);
  return [...members].map(([, comment, member, type]) => [member, type, comment]);
}

/** The options in index.d.ts, those of nested objects as `group.option`: `{ option: { standard, variable } }`. */
function declared(name = 'GunClientOptions', prefix = '') {
  const options = {};
  for (const [member, type, comment] of membersOf(name)) {
    const [group] = /\b\w+Options\b/.exec(type) || [];
    if (group) Object.assign(options, declared(group, `${prefix}${member}.`));
    else options[`${prefix}${member}`] = saidIn(comment);
  }
  return options;
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

test.each(Object.entries(declared()))('the README and index.d.ts agree on %s', (option, { standard, variable }) => {
  const said = documented()[option];
  expect(said.variable).toBe(variable);
  // A default that is no value is left out of the table.
  if (said.standard !== undefined) expect(said.standard).toBe(standard);
  else expect(standard === undefined || /none|roots/.test(standard)).toBe(true);
});

test('the whole numbers among them are those of the program', () => {
  const settings = [...read('src/config/settings.rs').matchAll(/option: "([\w.]+)",\s+variable: (?:None|Some\("(\w+)"\)),[^}]*?default: (?:Some\((\w+)\)|None),/g)];
  expect(settings.length).toBeGreaterThanOrEqual(16);
  expect(settings).toHaveLength(read('src/config/settings.rs').match(/\n +option: "/g).length);
  const options = declared();
  for (const [, option, variable, standard] of settings) {
    // Another setting gives the default of this one.
    const expected = standard === undefined ? 'ttlMs' : standard.replaceAll('_', '');
    expect([option, options[option].variable, options[option].standard]).toEqual([option, variable, expected]);
  }
});

test("the operators' guide has every variable with its default", () => {
  const ofGuide = rowsOf('docs/deployment.md', 'Tuning').flatMap(([variables, standards]) => {
    return quoted(variables).map((variable, at) => [variable, quoted(standards)[at]]);
  });
  const expected = Object.values(declared()).filter(({ variable }) => variable).map(({ variable, standard }) => [variable, standard]);
  // Variables say `on` and `off`, and the cell of one without a default is empty.
  const inGuide = ([variable, standard]) => {
    if (standard === 'true' || standard === 'console') return [variable, 'on'];
    return [variable, /^none|^\[\]$/.test(standard) ? undefined : standard];
  };
  expect(ofGuide.sort()).toEqual(expected.map(inGuide).sort());
});
