'use strict';

const fs = require('fs');
const path = require('path');
const { ROOT } = require('./helpers/child');

const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...fs.readdirSync(path.join(ROOT, 'docs')).map((name) => `docs/${name}`)];
const { scripts } = require('../package.json');

test.each(DOCUMENTS.filter((name) => name.endsWith('.md')))('each npm script that %s names is there', (name) => {
  const text = fs.readFileSync(path.join(ROOT, name), 'utf8');
  const named = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, script]) => script);
  expect(named.filter((script) => !(script in scripts))).toEqual([]);
});
