'use strict';

const { missing, record, recordText, stall, status } = require('./helpers/answers');
const { runNode } = require('./helpers/child');
const { failureOf, newRelay, rejectionOf, setup, until } = require('./helpers/setup');

const to = (soul) => ({ '#': soul });

test('references stay as they are unless they are asked for', async () => {
  const { relay, client } = await setup({ a: record({ meta: to('a/meta') }) });
  expect(await client.getRecord('a')).toEqual({ meta: to('a/meta') });
  expect(await client.getRecord('a', { resolveRefs: 0 })).toEqual({ meta: to('a/meta') });
  expect(relay.souls).toEqual(['a', 'a']);
});

test('references are followed as deep as asked and no deeper', async () => {
  const { relay, client } = await setup({
    a: record({ meta: to('b') }),
    b: record({ list: [to('c')] }),
    c: record({ end: to('d') }),
    d: record({ n: 1 }),
  });
  expect(await client.getRecord('a', { resolveRefs: 1 })).toEqual({ meta: { list: [to('c')] } });
  expect(await client.getRecord('a', { resolveRefs: 2 })).toEqual({ meta: { list: [{ end: to('d') }] } });
  expect(await client.getRecord('a', { resolveRefs: 8 })).toEqual({ meta: { list: [{ end: { n: 1 } }] } });
  expect(relay.requestsFor('d')).toBe(1);
});

test('a level is asked for at once, each soul once, and every place gets an object of its own', async () => {
  const { relay, client } = await setup({ a: record({ x: to('c'), y: to('c') }), b: record({ z: to('c') }), c: record({ n: 1 }) });
  const gate = relay.hold();
  const call = client.getRecords(['a', 'b'], { resolveRefs: 1 });
  await relay.hasRequests(2);
  gate.open();
  const [a, b] = await call;
  expect([a, b]).toEqual([{ x: { n: 1 }, y: { n: 1 } }, { z: { n: 1 } }]);
  expect(relay.requestsFor('c')).toBe(1);
  a.x.n = 2;
  expect([a.y.n, b.z.n]).toEqual([1, 1]);
});

test('a missing child leaves the reference as it is and is remembered', async () => {
  const { relay, client } = await setup({ a: record({ x: to('gone') }) });
  expect(await client.getRecord('a', { resolveRefs: 1 })).toEqual({ x: to('gone') });
  expect(await client.getRecord('a', { resolveRefs: 1 })).toEqual({ x: to('gone') });
  expect(relay.requestsFor('gone')).toBe(1);
});

test('cycles end: a reference to a record that contains it is left unchanged', async () => {
  const { relay, client } = await setup({ a: record({ b: to('b'), self: to('a') }), b: record({ a: to('a') }) });
  expect(await client.getRecord('a', { resolveRefs: 8 })).toEqual({ b: { a: to('a') }, self: to('a') });
  expect(relay.souls).toEqual(['a', 'b']);
});

test('a child that fails fails the answer that contains it, and no other', async () => {
  const { client } = await setup({ a: record({ x: to('bad') }), b: record({ n: 1 }), bad: status(400) });
  const error = await failureOf(client.getRecord('a', { resolveRefs: 1 }));
  expect(error).toMatchObject({ code: 'ERR_GUN_STATUS', soul: 'bad' });
  const answers = await client.getRecords(['a', 'b', 'gone', ''], { resolveRefs: 1 });
  expect(answers).toMatchObject([{ code: 'ERR_GUN_STATUS' }, { n: 1 }, null, { code: 'ERR_GUN_INVALID_ARGUMENT' }]);
});

test('the time of the call is that of all its levels', async () => {
  const { client } = await setup({ a: record({ x: to('b') }), b: stall() }, { attemptTimeoutMs: 60_000, timeoutMs: 60_000 });
  const error = await failureOf(client.getRecord('a', { resolveRefs: 1, timeoutMs: 200 }));
  expect(error).toMatchObject({ code: 'ERR_GUN_TIMEOUT', soul: 'b' });
});

test('an abort ends the call at any level', async () => {
  const { relay, client } = await setup({ a: record({ x: to('b') }), b: stall() });
  const controller = new AbortController();
  const call = client.getRecord('a', { resolveRefs: 1, signal: controller.signal });
  await relay.hasRequests(2);
  controller.abort(new Error('enough'));
  expect(await rejectionOf(call)).toBe(controller.signal.reason);
  await relay.hasAbandoned(1);
});

test('only an object whose only key is # is a reference, under any key', async () => {
  const text = '{"__proto__":{"#":"b"},"a":{"#":"b","x":1},"c":{"#":""},"d":{"#":5},"e":null}';
  const { client } = await setup({ a: recordText(text), b: record({ n: 1 }) });
  const answer = await client.getRecord('a', { resolveRefs: 1 });
  expect(JSON.stringify(answer)).toBe(text.replace('{"#":"b"}', '{"n":1}'));
  expect(Object.getPrototypeOf(answer)).toBe(Object.prototype);
});

test('a reference to an invalid soul is left unchanged', async () => {
  const { relay, client } = await setup({ a: record({ x: to('s'.repeat(5000)), y: to('b') }), b: record({ n: 1 }) });
  expect(await client.getRecord('a', { resolveRefs: 2 })).toEqual({ x: to('s'.repeat(5000)), y: { n: 1 } });
  expect(relay.souls).toEqual(['a', 'b']);
});

test('fresh asks for the children too', async () => {
  const { relay, client } = await setup({ a: record({ x: to('late') }), late: [missing(), record({ n: 1 })] });
  expect(await client.getRecord('a', { resolveRefs: 1 })).toEqual({ x: to('late') });
  expect(await client.getRecord('a', { resolveRefs: 1, fresh: true })).toEqual({ x: { n: 1 } });
  expect(relay.requestsFor('late')).toBe(2);
});

test('children join the requests that other callers have on the wire', async () => {
  const waiting = [];
  const { relay, client } = await setup({ a: record({ x: to('b') }), b: (response) => waiting.push(response) });
  const other = client.getRecord('b');
  await relay.hasRequests(1);
  const call = client.getRecord('a', { resolveRefs: 1 });
  await until(() => client.cacheStats().requests.coalesced === 1);
  record({ n: 1 })(waiting[0]);
  expect(await Promise.all([other, call])).toEqual([{ n: 1 }, { x: { n: 1 } }]);
  expect(relay.requestsFor('b')).toBe(1);
});

test('missing is null as usual', async () => {
  const { client } = await setup({ a: missing() });
  expect(await client.getRecord('a', { resolveRefs: 3 })).toBeNull();
});

test('a graph that fans out without end fails and does not fill the memory', async () => {
  const wide = (soul) => record(Object.fromEntries(Array.from({ length: 400 }, (_, n) => [n, to(`${soul}/${n}`)])));
  const { relay, client } = await setup(wide);
  const error = await failureOf(client.getRecord('a', { resolveRefs: 8 }));
  expect(error).toMatchObject({ code: 'ERR_GUN_OVERLOADED', soul: 'a', message: expect.stringContaining('100000') });
  expect(relay.requests).toHaveLength(401);
});

test('in a batch only the answers with more references than a call follows fail', async () => {
  const wide = record({ list: Array.from({ length: 100_001 }, (_, n) => to(`${n}`)) });
  const { relay, client } = await setup({ wide, plain: record({ n: 2 }) });
  const answers = await client.getRecords(['wide', 'plain', 'gone'], { resolveRefs: 1 });
  expect(answers).toMatchObject([{ code: 'ERR_GUN_OVERLOADED', soul: 'wide', attempts: 0 }, { n: 2 }, null]);
  expect(relay.requests).toHaveLength(3);
});

describe('the text of resolved references is bounded by maxBodyBytes', () => {
  // As text 100 bytes: {"text":"…"}.
  const child = record({ text: 'x'.repeat(89) });

  test('what fits is resolved, and one place more is an error', async () => {
    const list = (length) => record({ list: Array(length).fill(to('c')) });
    const { relay, client } = await setup({ fits: list(10), not: list(11), c: child }, { maxBodyBytes: 1_000 });
    expect((await client.getRecord('fits', { resolveRefs: 1 })).list).toHaveLength(10);
    const error = await failureOf(client.getRecord('not', { resolveRefs: 1 }));
    expect(error).toMatchObject({ code: 'ERR_GUN_BODY_TOO_LARGE', soul: 'not', retryable: false });
    expect(error.message).toMatch(/soul "not" .* 1000 bytes .*maxBodyBytes/);
    expect(relay.requestsFor('c')).toBe(2);
  });

  test('of all levels together', async () => {
    const middle = record({ list: Array(5).fill(to('c')) });
    const { client } = await setup({ a: record({ x: to('m'), y: to('m') }), m: middle, c: child }, { maxBodyBytes: 1_000 });
    expect((await client.getRecord('a', { resolveRefs: 1 })).x.list).toEqual(Array(5).fill(to('c')));
    expect((await failureOf(client.getRecord('a', { resolveRefs: 2 }))).code).toBe('ERR_GUN_BODY_TOO_LARGE');
  });

  test('of all answers of a batch together; one that fails leaves its room to the others', async () => {
    const { client } = await setup(
      { hub: record({ list: Array(50).fill(to('c')) }), a: record({ x: to('c') }), c: child },
      { maxBodyBytes: 1_000 },
    );
    const answers = await client.getRecords(['hub', ...Array(12).fill('a')], { resolveRefs: 1 });
    expect(answers[0]).toMatchObject({ code: 'ERR_GUN_BODY_TOO_LARGE', soul: 'hub' });
    expect(answers.slice(1, 11)).toEqual(Array(10).fill({ x: { text: 'x'.repeat(89) } }));
    expect(answers.slice(11)).toMatchObject(Array(2).fill({ code: 'ERR_GUN_BODY_TOO_LARGE', soul: 'a' }));
  });

  test('answers that fail keep no memory of what they held', async () => {
    // Each hub has room for half of its children of 50 kB before it fails.
    const hub = (name) => record({ list: Array.from({ length: 40 }, (_, n) => to(`${name}/${n}`)) });
    const part = record(Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`field number ${n}`, `${'x'.repeat(80)} ${n}`])));
    const relay = await newRelay((soul) => (soul.includes('/') ? part : hub(soul)));
    const script = `
      const { GunClient } = require('./index.js');
      const client = new GunClient({ relayUrl: '${relay.url}', maxBodyBytes: 1_000_000, logger: false });
      const hubs = Array.from({ length: 40 }, (_, n) => 'hub' + n);
      client.getRecords(hubs, { resolveRefs: 1 }).then((answers) => {
        console.log(answers.map(({ code }) => code).join() === hubs.map(() => 'ERR_GUN_BODY_TOO_LARGE').join());
      }).then(client.close);
    `;
    const { code, stdout } = await runNode(script, { flags: ['--max-old-space-size=45'] });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'true\n' });
  });

  test('counted in bytes of UTF-8', async () => {
    const { client } = await setup({ a: record({ x: to('c') }), c: record({ text: 'é'.repeat(89) }) }, { maxBodyBytes: 188 });
    expect((await failureOf(client.getRecord('a', { resolveRefs: 1 }))).code).toBe('ERR_GUN_BODY_TOO_LARGE');
  });

  test('children are not fetched far beyond it', async () => {
    const many = record({ list: Array.from({ length: 5_000 }, (_, n) => to(`child ${n}`)) });
    const { relay, client } = await setup((soul) => (soul === 'a' ? many : record({ text: 'x'.repeat(20_000) })), { maxBodyBytes: 400_000 });
    expect((await failureOf(client.getRecord('a', { resolveRefs: 1 }))).code).toBe('ERR_GUN_BODY_TOO_LARGE');
    expect(relay.requests.length).toBeLessThanOrEqual(1 + 64);
  });

  test('a large record in thousands of places is an error and no end of the process', async () => {
    const relay = await newRelay({
      a: record({ list: Array(6_000).fill(to('big')) }),
      big: record(Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`field number ${n}`, `the value of the field ${n}`]))),
    });
    const script = `
      const { GunClient } = require('./index.js');
      const client = new GunClient({ relayUrl: '${relay.url}', maxBodyBytes: 32 * 1024 * 1024 });
      client.getRecord('a', { resolveRefs: 1 }).catch((error) => console.log(error.code)).then(client.close);
    `;
    const { code, stdout } = await runNode(script, { flags: ['--max-old-space-size=500'] });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'ERR_GUN_BODY_TOO_LARGE\n' });
    expect(relay.requestsFor('big')).toBe(1);
  });
});

test('the event loop turns while a record is put in many places', async () => {
  const { client } = await setup({
    a: record({ list: Array(200).fill(to('big')) }),
    big: record({ text: 'x'.repeat(100_000) }),
  });
  let turns = 0;
  let isDone = false;
  const count = () => {
    // From the last answer on: before it, the loop turns in any case.
    if (client.cacheStats().requests.found === 2) turns += 1;
    if (!isDone) setImmediate(count);
  };
  const call = client.getRecord('a', { resolveRefs: 1 });
  count();
  await call;
  isDone = true;
  // 20 MB in turns of 256 KB.
  expect(turns).toBeGreaterThan(60);
});

test('copies are what another JSON.parse would make', async () => {
  const text = '{"__proto__":{"x":[1,{"y":null}]},"n":-0,"big":1e400,"10":1,"a":[[],{}],"t":true}';
  const { client } = await setup({ a: record({ list: [to('c'), to('c'), to('c')] }), c: recordText(text) });
  const { list } = await client.getRecord('a', { resolveRefs: 1 });
  for (const copy of list) {
    expect(copy).toEqual(JSON.parse(text));
    expect(Object.keys(copy)).toEqual(Object.keys(JSON.parse(text)));
    expect(Object.is(copy.n, -0)).toBe(true);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
  }
  expect(list[1].a).not.toBe(list[2].a);
});

test('an abort while records are put in place ends the call', async () => {
  const { client } = await setup({ a: record({ list: Array(200).fill(to('big')) }), big: record({ text: 'x'.repeat(100_000) }) });
  const controller = new AbortController();
  const call = rejectionOf(client.getRecord('a', { resolveRefs: 1, signal: controller.signal }));
  const abort = () => (client.cacheStats().requests.found === 2 ? controller.abort('gone') : setImmediate(abort));
  abort();
  expect(await call).toBe('gone');
});

test('100,000 references are followed', async () => {
  const { relay, client } = await setup({ a: record({ list: Array.from({ length: 100_000 }, (_, n) => to(`child ${n % 50}`)) }) });
  expect((await client.getRecord('a', { resolveRefs: 1 })).list).toHaveLength(100_000);
  expect(relay.requests).toHaveLength(51);
});

test('a batch may be of any length', async () => {
  const { client } = await setup({ a: record({ x: to('gone') }), b: record({}) });
  const answers = await client.getRecords(['a', ...Array(200_000).fill('b')], { resolveRefs: 1 });
  expect(answers).toHaveLength(200_001);
});

test.each([-1, 9, 1.5, '1', null, true, NaN])('a depth of %p is refused', async (resolveRefs) => {
  const { relay, client } = await setup();
  const error = await failureOf(client.getRecord('a', { resolveRefs }));
  expect(error).toMatchObject({ code: 'ERR_GUN_INVALID_ARGUMENT', message: expect.stringContaining('from 0 to 8') });
  expect((await failureOf(client.getRecords(['a'], { resolveRefs }))).code).toBe('ERR_GUN_INVALID_ARGUMENT');
  expect(relay.requests).toEqual([]);
});
