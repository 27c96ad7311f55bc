'use strict';

const { GunClient, GunError, isGunError, isRecord } = require('..');
const { missing, record, status } = require('./helpers/answers');
const { runNode } = require('./helpers/child');
const { setup } = require('./helpers/setup');

/** The exports of a second copy of the package in this process. */
function otherCopy() {
  let copy;
  jest.isolateModules(() => {
    copy = require('..');
  });
  expect(copy.GunError).not.toBe(GunError);
  return copy;
}

test('the guards distinguish the answers of a batch', async () => {
  const { client } = await setup({ a: record({ n: 1 }), gone: missing(), bad: status(400) });
  const answers = await client.getRecords(['a', 'gone', 'bad', '']);
  expect(answers.map(isRecord)).toEqual([true, false, false, false]);
  expect(answers.map(isGunError)).toEqual([false, false, true, true]);
  expect(answers.filter(isRecord)).toEqual([{ n: 1 }]);
});

test('by another copy of the package too', async () => {
  const copy = otherCopy();
  const failureOf = (Client) => new Client({ logger: false }).getRecord('').catch((reason) => reason);
  const [own, error] = [await failureOf(GunClient), await failureOf(copy.GunClient)];
  expect([own instanceof GunError, error instanceof GunError]).toEqual([true, false]);
  for (const failure of [own, error]) {
    for (const guards of [copy, { isGunError, isRecord }]) {
      expect(guards.isGunError(failure)).toBe(true);
      expect(guards.isRecord(failure)).toBe(false);
    }
  }
});

test('a record may look like anything', () => {
  const like = JSON.parse('{"name":"GunError","code":"ERR_GUN_TIMEOUT","message":"x","stack":"y","__proto__":{"isGunError":true}}');
  for (const answer of [{}, like, Object.create(null), [1]]) {
    expect(isRecord(answer)).toBe(true);
    expect(isGunError(answer)).toBe(false);
  }
});

test.each([null, undefined, false, 0, '', 'text', 5n, Symbol('s'), () => {}])('%p is neither', (value) => {
  expect([isRecord(value), isGunError(value)]).toEqual([false, false]);
});

test('an error that is not a GunError is neither, in any realm', () => {
  const foreign = require('vm').runInNewContext('new TypeError("x")');
  for (const value of [new Error('x'), foreign, Object.assign(new Error('x'), { code: 'ERR_GUN_TIMEOUT' })]) {
    expect([isRecord(value), isGunError(value)]).toEqual([false, false]);
  }
});

describe('new GunError', () => {
  test('has the members given, and those of every GunError', () => {
    const cause = new Error('refused');
    const error = new GunError('relay down', { code: 'ERR_GUN_STATUS', soul: 'a', status: 503, attempts: 3, retryable: true, cause });
    expect(error).toMatchObject({ name: 'GunError', message: 'relay down', code: 'ERR_GUN_STATUS', soul: 'a', status: 503, attempts: 3, retryable: true });
    expect(error.cause).toBe(cause);
    expect(isGunError(error)).toBe(true);
    expect(new GunError('x', { code: 'ERR_GUN_TIMEOUT' })).toMatchObject({ soul: undefined, attempts: 0, retryable: false });
    expect('cause' in new GunError('x', { code: 'ERR_GUN_TIMEOUT' })).toBe(false);
  });

  test('has the stack of where it was made', () => {
    function somewhere() {
      return new GunError('relay down', { code: 'ERR_GUN_CONNECT' });
    }
    expect(somewhere().stack).toMatch(/^GunError: relay down\n {4}at somewhere /);
  });

  test('may be extended, and is printed without the mark', async () => {
    class Mine extends GunError {}
    expect(isGunError(new Mine('x', { code: 'ERR_GUN_TIMEOUT' }))).toBe(true);
    const { stdout } = await runNode(`
      const { GunError } = require('./index.js');
      const error = new GunError('x', { code: 'ERR_GUN_TIMEOUT' });
      console.log(Object.keys(error).join(), require('util').inspect(error).includes('Symbol'));
    `);
    expect(stdout).toBe('code,soul,attempts,retryable false\n');
  });
});
