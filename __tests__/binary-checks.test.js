'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { checked } = require('../scripts/release/platforms/binary');
const { targetNamed } = require('../scripts/release/targets');

const TARGET = targetNamed('darwin-arm64');
const MAGIC = '\xcf\xfa\xed\xfe';
const EXPORT = '_napi_register_module_v1';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));

function check(text) {
  const file = path.join(folder, 'addon.node');
  fs.writeFileSync(file, text, 'latin1');
  return checked(TARGET, file);
}

test('a binary without a fault passes', () => {
  expect(check(MAGIC + EXPORT)).toEqual({ bytes: MAGIC.length + EXPORT.length, glibc: undefined });
});

test.each([
  ['is for another system', `\x7fELF${EXPORT}`, 'no binary for darwin'],
  ['exports no addon', MAGIC, 'exports no addon'],
  ['is too large', MAGIC + EXPORT + ' '.repeat(4 * 1024 * 1024), '4194304 are allowed'],
  ["holds the repository's folder", `${MAGIC}${EXPORT}${path.resolve(__dirname, '..')}${path.sep}src`, 'a path of this machine'],
  ["holds anybody's home", `${MAGIC}${EXPORT}/home/somebody/.cargo/registry`, 'a path of this machine: /home/somebody'],
  ['asks for a glibc where there is none', `${MAGIC}${EXPORT}GLIBC_2.17`, 'asks for glibc 2.17'],
])('a binary that %s is refused', (what, text, reason) => {
  expect(() => check(text)).toThrow(reason);
});
