'use strict';

const fs = require('fs');
const path = require('path');
const { ROOT } = require('./helpers/child');

const DOCUMENT = fs.readFileSync(path.join(ROOT, 'SECURITY.md'), 'utf8');
const [, promises] = DOCUMENT.split('## What is promised, and what tests it\n');
const rows = promises.split('\n## ')[0].split('\n').filter((line) => line.startsWith('| ')).slice(1);

test('every promise names files of tests that are there and have tests', () => {
  expect(rows.length).toBeGreaterThan(10);
  for (const row of rows) {
    const files = row.match(/`(__tests__|src)\/[^`]+`/g).map((quoted) => quoted.slice(1, -1));
    for (const file of files) expect(fs.readFileSync(path.join(ROOT, file), 'utf8')).toMatch(/\btest(\.each)?\(|#\[test\]/);
  }
});

test('what it links to is there', () => {
  for (const [, target] of DOCUMENT.matchAll(/\]\(([^)]+)\)/g)) expect(fs.existsSync(path.join(ROOT, target))).toBe(true);
});
