'use strict';

// node scripts/unsafe.js: writes docs/unsafe.md, the list of every unsafe place with its reason, from the source. A test
// compares the two.

const fs = require('fs');
const path = require('path');

const ROOT = path.join(__dirname, '..');
const DOCUMENT = path.join(ROOT, 'docs', 'unsafe.md');
const HEAD = `# Unsafe places

Written by \`node scripts/unsafe.js\`. Unsafe code stands in the N-API binding alone, because N-API is a C interface;
\`Cargo.toml\` denies it elsewhere, and clippy denies a block without its reason. Every function that Node calls catches
panics, so that none unwinds into C.
`;

/** Every unsafe block and implementation below `src/`: `{ file, where, reason }` in the order of the source. */
function unsafePlaces() {
  const files = fs.readdirSync(path.join(ROOT, 'src'), { recursive: true }).map((file) => path.join('src', file));
  return files.filter((file) => file.endsWith('.rs')).sort().flatMap(placesIn);
}

function placesIn(file) {
  const places = [];
  let where = '';
  let comment = [];
  for (const line of fs.readFileSync(path.join(ROOT, file), 'utf8').split('\n')) {
    const text = line.trim();
    const [, name] = /\b(?:fn|impl)\s+([A-Za-z_]\w*(?: for \w+)?)/.exec(text) || [];
    if (name && !text.startsWith('//')) where = name;
    if (text.startsWith('// SAFETY:')) comment = [text.slice('// SAFETY:'.length)];
    else if (text.startsWith('// ') && comment.length > 0) comment.push(text.slice(2));
    else if (/\bunsafe\s*(\{|impl\b)/.test(text) && !text.startsWith('//')) {
      places.push({ file: file.replaceAll('\\', '/'), where, reason: comment.join('').trim() });
      comment = [];
    }
  }
  return places;
}

function documentOf(places) {
  const sections = [...new Set(places.map(({ file }) => file))].map((file) => {
    const rows = places.filter((place) => place.file === file).map(({ where, reason }) => `| \`${where}\` | ${reason.replaceAll('|', '\\|')} |`);
    return `\n## ${file}: ${rows.length}\n\n| where | why it is sound |\n|---|---|\n${rows.join('\n')}\n`;
  });
  return HEAD + sections.join('');
}

if (require.main === module) fs.writeFileSync(DOCUMENT, documentOf(unsafePlaces()));

module.exports = { DOCUMENT, documentOf, unsafePlaces };
