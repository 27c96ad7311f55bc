'use strict';

const { record } = require('./helpers/answers');
const { failureOf, setup } = require('./helpers/setup');

const EMOJI = '🏋️‍♀️';
const GOOD = [
  'oip:registry',
  'f3a9c1d27b40:workout-2024-12-08',
  'oip:deleted:records',
  'with spaces at the end ',
  ' ',
  'a/b/../c//d/.',
  '..',
  '#',
  'a#b?c&d=e',
  'soul=x&soul=y',
  '%',
  '%41%2F%zz',
  'a+b',
  'a;b,c:d@e!f$g\'h(i)j*k',
  '"<>\\^`{|}~[]',
  EMOJI,
  'ключ/日本/é',
  'e\u0301 and \u00e9 stay apart',
  'a\u0000b',
  'a\nb\r\nc\td',
  'a\r\nx-injected: yes\r\n\r\nGET /put HTTP/1.1',
  '\u202e\u2028\ufeff\u007f',
  '__proto__',
  'constructor',
  'null',
  '0',
  'a'.repeat(4_096),
  '🏋'.repeat(1_024),
];

test('every soul arrives unharmed', async () => {
  const { relay, client } = await setup((soul) => record({ soul }));
  for (const soul of GOOD) {
    expect(await client.getRecord(soul)).toEqual({ soul });
  }
  expect(relay.souls).toEqual(GOOD);
});

test('every soul of a batch arrives unharmed', async () => {
  const { client } = await setup((soul) => record({ soul }));
  expect(await client.getRecords(GOOD)).toEqual(GOOD.map((soul) => ({ soul })));
});

test('a relay may decode the query as a form or as percent-encoding only', async () => {
  const { relay, client } = await setup();
  await client.getRecords(GOOD);
  for (const { soul, url } of relay.requests) {
    expect(url).toMatch(/^\/get\?soul=[\w%.~-]+$/);
    expect(decodeURIComponent(url.slice('/get?soul='.length))).toBe(soul);
  }
});

test('every soul is remembered and forgotten by itself', async () => {
  const { relay, client } = await setup();
  await client.getRecords(GOOD);
  await client.getRecords(GOOD);
  expect(relay.requests).toHaveLength(GOOD.length);
  for (const soul of GOOD) expect(client.invalidate(soul)).toBe(true);
  expect(client.cacheStats().size).toBe(0);
});

const BAD = [
  ['the empty string', ''],
  ['4,097 bytes', 'a'.repeat(4_097)],
  ['4,097 bytes in fewer characters', `${'é'.repeat(2_048)}a`],
  ['a high surrogate alone', '\ud83c'],
  ['a low surrogate alone', 'a\udfcbb'],
  ['surrogates the wrong way round', '\udfcb\ud83c'],
  ['undefined', undefined],
  ['null', null],
  ['a number', 5],
  ['NaN', NaN],
  ['a BigInt', 5n],
  ['a boolean', true],
  ['a symbol', Symbol('soul')],
  ['an object', {}],
  ['an object without a prototype', Object.create(null)],
  ['an object that has a text', { toString: () => 'soul' }],
  ['an object whose text throws', { toString() { throw new Error('no text'); } }],
  ['a String object', new String('soul')],
  ['an array', ['soul']],
  ['bytes', Buffer.from('soul')],
  ['a function', () => 'soul'],
];

test.each(BAD)('%s is not a soul: a rejection, never a throw, and nothing is requested', async (_what, soul) => {
  const { relay, client } = await setup();
  let call;
  expect(() => {
    call = client.getRecord(soul);
  }).not.toThrow();
  const error = await failureOf(call);
  expect(error).toMatchObject({ code: 'ERR_GUN_INVALID_ARGUMENT', attempts: 0, retryable: false });
  expect(error.message).toMatch(/^soul must be .*4096 bytes/);
  expect(relay.requests).toHaveLength(0);
  expect(client.cacheStats()).toMatchObject({ total: 0, requests: { failed: {} } });
});

test('no argument at all is a rejection too', async () => {
  const { client } = await setup();
  expect((await failureOf(client.getRecord())).code).toBe('ERR_GUN_INVALID_ARGUMENT');
  expect((await failureOf(client.getRecords())).code).toBe('ERR_GUN_INVALID_ARGUMENT');
});

test('the index that Array.map passes is not taken as options', async () => {
  const { relay, client } = await setup();
  for (const call of ['a', 'b'].map(client.getRecord, client)) {
    expect((await failureOf(call)).message).toContain('options');
  }
  expect(relay.requests).toHaveLength(0);
});

test.each([undefined, null, {}, { nonsense: 1 }])('options may be %p', async (options) => {
  const { client } = await setup({ a: record({ n: 1 }) });
  expect(await client.getRecord('a', options)).toEqual({ n: 1 });
  expect(await client.getRecords(['a'], options)).toEqual([{ n: 1 }]);
});

test('a getter that throws in the options is a rejection, never a throw', async () => {
  const { client } = await setup();
  const options = { get signal() { throw new Error('no signal'); } };
  await expect(client.getRecord('a', options)).rejects.toThrow('no signal');
  await expect(client.getRecords(['a'], options)).rejects.toThrow('no signal');
});
