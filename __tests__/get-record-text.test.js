'use strict';

const { json, missing, record, recordText, stall, status } = require('./helpers/answers');
const { runNode } = require('./helpers/child');
const { failureOf, newRelay, rejectionOf, setup } = require('./helpers/setup');

test('the text is the JSON that getRecord would parse', async () => {
  const { relay, client } = await setup({ a: record({ n: 1, data: '{"x":[1]}', oip: 'no JSON' }) });
  const text = await client.getRecordText('a');
  expect(text).toBe('{"n":1,"data":{"x":[1]},"oip":"no JSON"}');
  expect(JSON.parse(text)).toEqual(await client.getRecord('a'));
  expect(relay.requests).toHaveLength(2);
});

test.each([
  ['numbers as the relay wrote them', '{"a":1e400,"b":123456789012345678901234567890,"c":-0.0}'],
  ['duplicate keys', '{"a":1,"a":2}'],
  ['text beyond ASCII', '{"ключ":"日本 🏋️","é":"ÿ"}'],
  ['lone surrogates as escapes', String.raw`{"a":"\ud800"}`],
  ['references', '{"meta":{"#":"a/meta"}}'],
])('nothing in it was parsed: %s', async (_what, text) => {
  const { client } = await setup({ a: recordText(text) });
  expect(await client.getRecordText('a')).toBe(text);
});

test('it is never parsed on the main thread', async () => {
  const relay = await newRelay({ a: record({ n: 1 }) });
  const script = `
    const { getRecordText } = require('./index.js');
    const { parse } = JSON;
    JSON.parse = () => { throw new Error('parsed'); };
    getRecordText('a').then((text) => console.log(text, parse(text).n));
  `;
  const { stdout } = await runNode(script, { env: { GUN_PEERS: relay.url } });
  expect(stdout).toBe('{"n":1} 1\n');
});

test('missing is null, cached as for getRecord, and a failure rejects', async () => {
  const { relay, client } = await setup({ bad: status(400), no: json('{"success":false}'), gone: missing() });
  expect(await client.getRecordText('gone')).toBeNull();
  expect(await client.getRecordText('gone')).toBeNull();
  expect(await client.getRecord('gone')).toBeNull();
  expect(await client.getRecordText('gone', { fresh: true })).toBeNull();
  expect(relay.requestsFor('gone')).toBe(2);
  expect(await client.getRecordText('no')).toBeNull();
  expect(await failureOf(client.getRecordText('bad'))).toMatchObject({ code: 'ERR_GUN_STATUS', status: 400, soul: 'bad' });
});

test('it shares the request of other calls for the soul', async () => {
  const { relay, client } = await setup({ a: record({ n: 1 }) });
  const gate = relay.hold();
  const calls = [client.getRecord('a'), client.getRecordText('a'), client.getRecords(['a'])];
  await gate.reached();
  gate.open();
  expect(await Promise.all(calls)).toEqual([{ n: 1 }, '{"n":1}', [{ n: 1 }]]);
  expect(relay.requests).toHaveLength(1);
});

test('signal and timeoutMs end it', async () => {
  const { relay, client } = await setup({ a: stall() });
  expect(await failureOf(client.getRecordText('a', { timeoutMs: 50 }))).toMatchObject({ code: 'ERR_GUN_TIMEOUT', soul: 'a' });
  const controller = new AbortController();
  const call = rejectionOf(client.getRecordText('a', { signal: controller.signal }));
  await relay.hasRequests(2);
  controller.abort('gone');
  expect(await call).toBe('gone');
});

test.each([
  ['', {}],
  [5, {}],
  ['a', { timeoutMs: 0 }],
  ['a', { fresh: 1 }],
  ['a', { signal: 'abort' }],
  ['a', { resolveRefs: 1 }],
  ['a', 'options'],
])('%p with %p is refused, as a rejection', async (soul, options) => {
  const { relay, client } = await setup();
  expect((await failureOf(client.getRecordText(soul, options))).code).toBe('ERR_GUN_INVALID_ARGUMENT');
  expect(relay.requests).toEqual([]);
});

test('a watched call has its text and its events', async () => {
  const { channel } = require('diagnostics_channel');
  const { client } = await setup({ a: record({ n: 1 }) });
  const ended = jest.fn();
  channel('gun-native:request:end').subscribe(ended);
  try {
    expect(await client.getRecordText('a')).toBe('{"n":1}');
  } finally {
    channel('gun-native:request:end').unsubscribe(ended);
  }
  expect(ended.mock.calls[0][0]).toMatchObject({ soul: 'a', outcome: 'found' });
});
