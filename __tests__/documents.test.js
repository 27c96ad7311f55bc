'use strict';

const fs = require('fs');
const path = require('path');
const { ROOT } = require('./helpers/child');
const { scripts } = require('../package.json');

const FOLDERS = ['', 'bench/', 'docs/', 'examples/indexer/'];
const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8');
const isThere = (...parts) => fs.existsSync(path.join(ROOT, ...parts));

/** Every document, `[name, text]`. */
const DOCUMENTS = FOLDERS.flatMap((folder) => {
  const names = fs.readdirSync(path.join(ROOT, folder)).filter((name) => name.endsWith('.md'));
  return names.map((name) => [`${folder}${name}`, read(`${folder}${name}`)]);
});

/** The anchors that a document's headings have where it is shown. */
function anchorsOf(text) {
  const titles = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) => title);
  return titles.map((title) => title.toLowerCase().replace(/[^\w\s-]/g, '').replaceAll(' ', '-'));
}

test('there are documents for users, operators and those who change it', () => {
  const names = DOCUMENTS.map(([name]) => name);
  expect(names).toEqual(expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/deployment.md', 'examples/indexer/README.md']));
});

describe.each(DOCUMENTS)('%s', (name, text) => {
  const folder = path.dirname(name);

  test('names npm scripts that are there', () => {
    const named = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, script]) => script);
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });

  test('links to what is there', () => {
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target).filter((target) => !/^https?:/.test(target));
    const lost = targets.filter((target) => {
      const [file, anchor] = target.split('#');
      if (!isThere(folder, file)) return true;
      return anchor !== undefined && !anchorsOf(file === '' ? text : read(path.join(folder, file))).includes(anchor);
    });
    expect(lost).toEqual([]);
  });

  test('names files that are there', () => {
    const named = [...text.matchAll(/`(?:node )?([\w.-]+\/[\w./-]+)`/g)].map(([, file]) => file);
    const own = named.filter((file) => isThere(file.split('/')[0]) || isThere(folder, file.split('/')[0]));
    expect(own.filter((file) => !isThere(file) && !isThere(folder, file))).toEqual([]);
  });
});

test('every guarantee in SECURITY.md names test files that have tests', () => {
  const [, guarantees] = read('SECURITY.md').split('## Guarantees and their tests\n');
  const rows = guarantees.split('\n## ')[0].split('\n').filter((line) => line.startsWith('| ')).slice(1);
  expect(rows.length).toBeGreaterThan(10);
  for (const row of rows) {
    const files = row.match(/`(__tests__|src)\/[^`]+`/g).map((quoted) => quoted.slice(1, -1));
    for (const file of files) expect(read(file)).toMatch(/\btest(\.each)?\(|#\[(tokio::)?test\b/);
  }
});
