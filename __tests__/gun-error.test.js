'use strict';

const diagnosticsChannel = require('diagnostics_channel');
const { inspect } = require('util');
const { GunError } = require('..');
const { missing, reset, stall, status } = require('./helpers/answers');
const { failureOf, setup } = require('./helpers/setup');

const TIME = String.raw`(\d+ ms|\d+\.\d s)`;

test('a GunError is an Error with its code, soul, status and attempts', async () => {
  const { client } = await setup({ 'oip:registry': status(503) });
  const error = await failureOf(client.getRecord('oip:registry'));
  expect(error).toBeInstanceOf(GunError);
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: 'GunError',
    code: 'ERR_GUN_STATUS',
    soul: 'oip:registry',
    status: 503,
    attempts: 3,
    retryable: true,
  });
  expect(String(error)).toBe(`GunError: ${error.message}`);
  expect(error.stack).toContain('GunError');
});

test('a message says what happened, where, to which soul, after how many attempts and how long', async () => {
  const { relay, client } = await setup({ 'oip:registry': status(503), a: status(400) });
  const after3 = await failureOf(client.getRecord('oip:registry'));
  expect(after3.message).toMatch(
    new RegExp(`^relay ${relay.url} answered 503 for soul "oip:registry" \\(3 attempts in ${TIME}\\)$`),
  );
  const after1 = await failureOf(client.getRecord('a'));
  expect(after1.message).toMatch(new RegExp(`^relay ${relay.url} answered 400 for soul "a" \\(1 attempt in ${TIME}\\)$`));
});

test('a long time is in seconds', async () => {
  const { client } = await setup({ a: [status(503, { 'retry-after': '1' }), status(400)] });
  expect((await failureOf(client.getRecord('a'))).message).toMatch(/ \(2 attempts in 1\.\d s\)$/);
});

test.each([
  ['ERR_GUN_CONNECT', reset()],
  ['ERR_GUN_TIMEOUT', stall()],
  ['ERR_GUN_BAD_RESPONSE', status(200, {}, 'hello')],
  ['ERR_GUN_BODY_TOO_LARGE', status(200, {}, 'x'.repeat(2_000))],
])('%s names relay, soul and attempts in one line of plain words', async (code, answer) => {
  const { relay, client } = await setup({ a: answer }, { attemptTimeoutMs: 100, retries: 0, maxBodyBytes: 1_000 });
  const error = await failureOf(client.getRecord('a'));
  expect(error.code).toBe(code);
  expect(error.message).toMatch(new RegExp(`^relay ${relay.url} .*soul "a".* \\(1 attempt in ${TIME}\\)$`));
  // Rust's own way of printing a value is for programmers.
  expect(error.message).not.toMatch(/Error|Some\(|Os \{|kind:|::|reqwest|hyper|undefined|\[object/);
});

test('what lies beneath a lost connection is its cause', async () => {
  const { relay, client } = await setup();
  await relay.close();
  const { cause } = await failureOf(client.getRecord('a'));
  expect(cause).toBeInstanceOf(Error);
  expect(cause).toMatchObject({ code: 'ECONNREFUSED' });
});

test('status and cause are only there when there are any', async () => {
  const { client } = await setup({ a: status(400), b: stall() });
  const byStatus = await failureOf(client.getRecord('a'));
  expect('cause' in byStatus).toBe(false);
  const byTime = await failureOf(client.getRecord('b', { timeoutMs: 50 }));
  expect('status' in byTime).toBe(false);
});

test.each([
  ['a newline', 'a\nb', String.raw`"a\nb"`],
  ['a line that looks like another log line', 'a\r\n📊 [GUN 404 Cache] 1/1 hits', String.raw`"a\r\n📊`],
  ['a terminal sequence', 'a\u001b[31mb', String.raw`"a\u{1b}[31mb"`],
  ['a nul', 'a\0b', String.raw`"a\u{0}b"`],
  ['a quote', 'a" (9 attempts', String.raw`"a\" (9 attempts"`],
  ['a turn of the reading direction', 'a\u202eb', String.raw`"a\u{202e}b"`],
])('a soul with %s is shown escaped', async (_what, soul, shown) => {
  const { client } = await setup(() => status(400));
  const error = await failureOf(client.getRecord(soul));
  expect(error.message).toContain(shown);
  expect(error.message).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e]/u);
  expect(error.soul).toBe(soul);
});

test('a long soul is shortened in the message and whole in the field', async () => {
  const { client } = await setup(() => status(400));
  const soul = 'é'.repeat(2_000);
  const error = await failureOf(client.getRecord(soul));
  expect(error.message.length).toBeLessThan(300);
  expect(error.message).toContain('ééé…"');
  expect(error.soul).toBe(soul);
});

test("nothing of the relay's body is in the message", async () => {
  const body = '<html>\n\u001b[31mWelcome</html>';
  const { client } = await setup({ a: status(400, {}, body), b: status(200, {}, body) });
  for (const soul of ['a', 'b']) expect((await failureOf(client.getRecord(soul))).message).not.toMatch(/Welcome|html|\n/);
});

test('the stack begins where the call was made or says nothing of the inside', async () => {
  const { client } = await setup({ a: status(400) });
  expect((await failureOf(client.getRecord('a'))).stack.split('\n')[0]).toMatch(/^GunError.*: relay http/);
});

test.each([
  ['getRecord', (client) => client.getRecord('a')],
  ['getRecordText', (client) => client.getRecordText('a')],
  ['getRecord that follows references', (client) => client.getRecord('a', { resolveRefs: 1 })],
  ['getRecord with options', (client) => client.getRecord('a', { signal: new AbortController().signal })],
  ['Promise.all', (client) => Promise.all([client.getRecord('a')])],
])('the stack has the functions that wait for the call: %s', async (_what, call) => {
  const { client } = await setup({ a: status(400) });
  async function inner() {
    return await call(client);
  }
  async function outer() {
    await inner();
  }
  const { stack } = await failureOf(outer());
  expect(stack).toMatch(/at (async )?inner .*\n\s+at (async )?outer /);
});

describe('the answers of a batch', () => {
  async function stacksOf(client) {
    async function inner() {
      return await client.getRecords(['a', 'gone', 'b', 3]);
    }
    async function outer() {
      return (await inner()).filter(Boolean).map(({ stack }) => stack);
    }
    return outer();
  }

  test.each([['watched', true], ['not watched', false]])('have the functions that made the call in their stacks: %s', async (_what, isWatched) => {
    const { client } = await setup({ a: status(400), b: status(400) });
    const ignore = () => {};
    if (isWatched) diagnosticsChannel.subscribe('gun-native:request:error', ignore);
    const stacks = await stacksOf(client).finally(() => diagnosticsChannel.unsubscribe('gun-native:request:error', ignore));
    expect(stacks).toHaveLength(3);
    for (const stack of stacks) expect(stack).toMatch(/^GunError: [^\n]+\n[^]* at (async |Object\.)?inner /);
    expect(stacks[0].split('\n')[0]).toContain('"a"');
  });
});

test('a watched call has the functions that made it in its stack', async () => {
  const { client } = await setup({ a: status(400) });
  const ignore = () => {};
  diagnosticsChannel.subscribe('gun-native:request:error', ignore);
  async function inner() {
    return await client.getRecord('a');
  }
  const { stack } = await failureOf(inner()).finally(() => diagnosticsChannel.unsubscribe('gun-native:request:error', ignore));
  expect(stack).toMatch(/^GunError: [^\n]+\n[^]* at (async |Object\.)?inner /);
});

test('inspect shows the fields', async () => {
  const { client } = await setup({ a: status(400) });
  const shown = inspect(await failureOf(client.getRecord('a')));
  for (const field of [`code: 'ERR_GUN_STATUS'`, `soul: 'a'`, 'status: 400', 'attempts: 1']) expect(shown).toContain(field);
});

test('null is never a failure, and a failure never null', async () => {
  const { relay, client } = await setup({ a: missing() }, { retries: 0 });
  expect(await client.getRecord('a')).toBeNull();
  await relay.close();
  expect(await client.getRecord('a')).toBeNull(); // known before
  expect((await failureOf(client.getRecord('b'))).code).toBe('ERR_GUN_CONNECT');
});
