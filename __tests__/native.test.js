'use strict';

const { runNode } = require('./helpers/child');

// `npm run test:native` does the same at length, and under an address sanitizer.
test.each([
  ['garbage', 0, /^PASS: 1200 calls and 100 clients collected\n$/],
  ['clients', 100, /^PASS: 100 clients opened and closed\n$/],
  ['environments', 1, /^PASS: 5 environments ended in 5 ways\n$/],
  ['workers', 10, /^PASS: 10 workers terminated under load\n$/],
])('nothing native stays behind: %s', async (part, size, said) => {
  const source = `process.argv.push('${part}', '${size}'); require('./__tests__/stress/native/part.js');`;
  const { code, signal, stdout, stderr } = await runNode(source, { flags: ['--expose-gc'] });
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  expect(stdout).toMatch(said);
}, 30_000);
