'use strict';

const fs = require('fs');
const { DOCUMENT, documentOf, unsafePlaces } = require('../scripts/unsafe');

test('docs/unsafe.md lists what stands in the source; if not, run: node scripts/unsafe.js', () => {
  expect(fs.readFileSync(DOCUMENT, 'utf8')).toBe(documentOf(unsafePlaces()));
});

test('unsafe code stands in the binding alone, each place with its reason', () => {
  const places = unsafePlaces();
  expect(places.length).toBeGreaterThan(0);
  for (const { file, where, reason } of places) {
    expect(file).toMatch(/^src\/binding(\.rs|\/)/);
    expect(where).not.toBe('');
    expect(reason).not.toBe('');
  }
});
