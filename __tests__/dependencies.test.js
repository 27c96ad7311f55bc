'use strict';

const fs = require('fs');
const path = require('path');
const { ROOT } = require('./helpers/child');

const MANIFESTS = ['Cargo.toml', 'src/binding/Cargo.toml', 'fuzz/Cargo.toml'];

const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8');

/** What a Cargo.toml names as a dependency, by the name that the code uses. */
function cratesOf(manifest) {
  const sections = read(manifest).split(/^\[/m).filter((text) => /^(build-|dev-)?dependencies\]/.test(text));
  return sections.flatMap((text) => [...text.matchAll(/^([\w-]+) = /gm)].map(([, name]) => name));
}

test('docs/design.md has a reason for every crate, and names no other', () => {
  const [, section] = read('docs/design.md').split('\n## Dependencies\n');
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| crate'));
  const named = rows.flatMap((row) => [...row.split('|')[1].matchAll(/`([\w-]+)`/g)].map(([, name]) => name));
  const known = new Set(MANIFESTS.flatMap(cratesOf).filter((name) => name !== 'gun-native'));
  const asFeatures = ['ring', 'rustls-webpki'];
  expect(named.filter((name) => !asFeatures.includes(name)).sort()).toEqual([...known].sort());
});
