'use strict';

const fs = require('fs');
const path = require('path');
const { ROOT } = require('./helpers/child');
const { TARGETS, packageOf } = require('../scripts/release/targets');
const { target, targets } = require('../lib/platform');

const onLinux = process.platform === 'linux' ? describe : describe.skip;
const base = `${process.platform}-${process.arch}`;

afterEach(() => jest.restoreAllMocks());

test('the loader names every published package in a literal, and no other', () => {
  const source = fs.readFileSync(path.join(ROOT, 'lib/binary.js'), 'utf8');
  const required = [...source.matchAll(/case '([^']+)':\s+return require\('([^']+)'\);/g)].map(([, name, required_]) => [name, required_]);
  expect(required).toEqual(TARGETS.map((row) => [row.name, packageOf(row)]));
});

test('this platform has one target', () => {
  expect(targets()).toEqual([target()]);
  expect(TARGETS.map(({ name }) => name)).toContain(target());
});

onLinux('the libc', () => {
  /** A program whose headers name this loader. */
  function program(loader) {
    const header = Buffer.alloc(120);
    header.write('\x7fELF\x02\x01', 'latin1');
    header.writeBigUInt64LE(64n, 32); // program headers
    header.writeUInt16LE(56, 54);
    header.writeUInt16LE(1, 56);
    header.writeUInt32LE(3, 64); // PT_INTERP
    header.writeBigUInt64LE(120n, 72);
    header.writeBigUInt64LE(BigInt(loader.length), 96);
    return Buffer.concat([header, Buffer.from(loader)]);
  }

  /** Lets the program be these bytes, or unreadable with this error. */
  function withProgram(content) {
    const open = fs.openSync;
    jest.spyOn(fs, 'openSync').mockImplementation((file, ...rest) => {
      if (file !== process.execPath) return open(file, ...rest);
      if (content instanceof Error) throw content;
      return 'the program';
    });
    jest.spyOn(fs, 'closeSync').mockImplementation(() => {});
    jest.spyOn(fs, 'readSync').mockImplementation((_file, buffer, offset, length, position) =>
      content.copy(buffer, offset, position, position + length));
  }

  const reporting = (header, sharedObjects) => jest.spyOn(process.report, 'getReport').mockReturnValue({ header, sharedObjects });

  test.each([
    ['/lib/ld-musl-x86_64.so.1', 'musl'],
    ['/lib/ld-musl-aarch64.so.1\0', 'musl'],
    ['/lib64/ld-linux-x86-64.so.2', 'gnu'],
    ['/nix/store/abc-glibc-2.40/lib/ld-linux-x86-64.so.2', 'gnu'],
  ])('is that of the loader %j', (loader, libc) => {
    withProgram(program(loader));
    const report = reporting({}, []);
    expect(targets()).toEqual([`${base}-${libc}`]);
    expect(report).not.toHaveBeenCalled();
  });

  describe.each([
    ['a program that may not be read', Object.assign(new Error('EACCES'), { code: 'EACCES' })],
    ['a program under the permission model', Object.assign(new Error('Access restricted'), { code: 'ERR_ACCESS_DENIED' })],
    ['a program without a loader', program('')],
    ['a script', Buffer.from('#!/bin/sh\nexec node "$@"\n')],
    ['an empty program', Buffer.alloc(0)],
    ['a loader that nobody knows', program('/system/bin/linker64')],
  ])('of %s', (_what, content) => {
    beforeEach(() => withProgram(content));

    test('is what Node reports: musl', () => {
      reporting({}, ['/lib/ld-musl-x86_64.so.1', '/usr/lib/libstdc++.so.6']);
      expect(targets()).toEqual([`${base}-musl`]);
    });

    test('is what Node reports: glibc', () => {
      reporting({ glibcVersionRuntime: '2.36' }, ['/lib64/ld-linux-x86-64.so.2', '/lib/ld-musl-x86_64.so.1']);
      expect(targets()).toEqual([`${base}-gnu`]);
    });

    test('is not guessed if the report does not say either', () => {
      reporting({}, []);
      expect(targets()).toEqual([`${base}-gnu`, `${base}-musl`]);
      process.report.getReport.mockImplementation(() => {
        throw new Error('no report');
      });
      expect(targets()).toEqual([`${base}-gnu`, `${base}-musl`]);
    });
  });

  test('asking for a report leaves its settings as they were', () => {
    withProgram(new Error('unreadable'));
    const before = process.report.excludeNetwork;
    targets();
    expect(process.report.excludeNetwork).toBe(before);
  });
});
