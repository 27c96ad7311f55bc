'use strict';

const faults = require('./stress/faults/catalogue');
const { startFaultRelay } = require('./stress/faults/relay');
const wire = require('./stress/faults/wire');
const { failureOf, newClient } = require('./helpers/setup');

const RETRIES = 1;
const ATTEMPTS = { transient: 1 + RETRIES, final: 1 };
const TRANSIENT = [408, 425, 429, 500, 502, 503, 504];

const relays = [];
afterEach(async () => {
  for (const relay of relays.splice(0)) await relay.stop();
});

async function newFaultRelay(answer) {
  const relay = await startFaultRelay(answer);
  relays.push(relay);
  return relay;
}

/** A relay that answers with this fault until `repair` is called, and a client of it. */
async function withFault(fault, options) {
  const relay = await newFaultRelay(() => fault);
  const repair = () => {
    relay.answer = () => (exchange) => exchange.answer(wire.record({ n: 1 }));
  };
  const client = newClient({
    relayUrl: relay.url,
    retries: RETRIES,
    attemptTimeoutMs: 1_000,
    maxInFlight: 1,
    maxBodyBytes: 1_000_000,
    ...options,
  });
  return { relay, client, repair };
}

/** The failure of a call into a fault; the next call on the same client, with the relay repaired, must return the record. */
async function failureIn(fault, options) {
  const { relay, client, repair } = await withFault(fault, options);
  const error = await failureOf(client.getRecord('a'));
  const { size, requests } = client.cacheStats();
  const asked = relay.requests;
  repair();
  expect(await client.getRecord('a')).toEqual({ n: 1 });
  expect({ size, inFlight: requests.inFlight, queued: requests.queued }).toEqual({ size: 0, inFlight: 0, queued: 0 });
  const { code, attempts, retryable, status } = error;
  return { code, attempts, retryable, status, asked, sent: requests.sent };
}

const failure = (code, retryable, status) => {
  const attempts = retryable ? ATTEMPTS.transient : ATTEMPTS.final;
  return { code, attempts, retryable, status, asked: attempts, sent: attempts };
};

test.each(Object.entries(faults.LOST))('a lost connection is ERR_GUN_CONNECT, tried again: %s', async (_how, fault) => {
  expect(await failureIn(fault)).toEqual(failure('ERR_GUN_CONNECT', true));
});

test.each(Object.entries(faults.CUT))('a record cut short is ERR_GUN_BAD_RESPONSE, tried again: %s', async (_how, fault) => {
  expect(await failureIn(fault)).toEqual(failure('ERR_GUN_BAD_RESPONSE', true));
});

test.each(Object.entries(faults.SLOW))('no answer in time is ERR_GUN_TIMEOUT, tried again: %s', async (_how, fault) => {
  expect(await failureIn(fault, { attemptTimeoutMs: 150 })).toEqual(failure('ERR_GUN_TIMEOUT', true));
});

test.each(Object.entries(faults.GARBAGE))('garbage is ERR_GUN_BAD_RESPONSE, asked for once: %s', async (_what, fault) => {
  expect(await failureIn(fault)).toEqual(failure('ERR_GUN_BAD_RESPONSE', false));
});

test.each(Object.entries(faults.TOO_LARGE))('more than maxBodyBytes is ERR_GUN_BODY_TOO_LARGE: %s', async (_how, fault) => {
  expect(await failureIn(fault)).toEqual(failure('ERR_GUN_BODY_TOO_LARGE', false));
});

test.each(Object.entries(faults.STATUS))('another status is ERR_GUN_STATUS: %s', async (_what, [status, fault]) => {
  const found = await failureIn(fault);
  const expected = failure('ERR_GUN_STATUS', TRANSIENT.includes(status), status);
  if (status >= 300 && status < 400) expected.asked = found.asked; // a redirect is followed within its attempt
  expect(found).toEqual(expected);
});

test.each(Object.entries(faults.RECORDS))('a record comes however oddly it is sent: %s', async (_how, fault) => {
  const { client } = await withFault(fault);
  expect([await client.getRecord('a'), await client.getRecord('a')]).toEqual([{ n: 1 }, { n: 1 }]);
});

test.each(Object.entries(faults.MISSES))("the relay's word is remembered however oddly it is sent: %s", async (_how, fault) => {
  const { relay, client } = await withFault(fault);
  expect([await client.getRecord('a'), await client.getRecord('a')]).toEqual([null, null]);
  expect(relay.requests).toBe(1);
});

test('a record nested 50,000 levels deep comes whole', async () => {
  const { client } = await withFault((exchange) => exchange.answer(wire.ok(`{"success":true,"data":${faults.DEEP}}`)));
  let levels = 0;
  for (let value = (await client.getRecord('a')).a; value !== undefined; [value] = value) levels += 1;
  expect(levels).toBe(50_000);
});

describe.each([
  ['closed', (bytes) => (exchange) => exchange.end(bytes)],
  ['reset', (bytes) => (exchange) => exchange.reset(bytes)],
])('%s after any number of bytes', (_how, after) => {
  const whole = { sized: wire.ok(wire.RECORD), chunked: wire.chunked('200 OK', wire.RECORD) };

  test.each(Object.entries(whole))('a record, %s: whole or a transient failure', async (_form, bytes) => {
    let length = 0;
    const relay = await newFaultRelay(() => after(bytes.subarray(0, length)));
    const client = newClient({ relayUrl: relay.url, retries: 0 });
    for (length = 0; length < bytes.length; length += 1) {
      const error = await failureOf(client.getRecord('a'));
      expect(['ERR_GUN_CONNECT', 'ERR_GUN_BAD_RESPONSE']).toContain(error.code);
      expect(error.retryable).toBe(true);
    }
    expect(relay.requests).toBe(bytes.length);
    expect(client.cacheStats()).toMatchObject({ size: 0, requests: { found: 0, missing: 0 } });
  });

  test('a 404: whole or a failure, never remembered', async () => {
    const bytes = wire.missing();
    let length = 0;
    const relay = await newFaultRelay(() => after(bytes.subarray(0, length)));
    const client = newClient({ relayUrl: relay.url, retries: 0 });
    for (length = 0; length < bytes.length; length += 1) {
      const error = await failureOf(client.getRecord('a'));
      expect([['ERR_GUN_CONNECT', undefined], ['ERR_GUN_STATUS', 404]]).toContainEqual([error.code, error.status]);
    }
    expect(relay.requests).toBe(bytes.length);
    expect(client.cacheStats()).toMatchObject({ size: 0, requests: { missing: 0 } });
  });
});

test.each([
  ['another answer', wire.record({ n: 'of nobody' })],
  ['half of one', wire.record({ n: 'of nobody' }).subarray(0, 30)],
  ["a word of the relay's", wire.missing()],
])('bytes behind an answer are given to no later call: %s', async (_what, surplus) => {
  const relay = await newFaultRelay(({ soul }) => (exchange) => {
    exchange.answer(Buffer.concat([wire.record({ soul }), surplus]));
  });
  const client = newClient({ relayUrl: relay.url, maxInFlight: 1 });
  for (const soul of ['a', 'b', 'c', 'd', 'e', 'f']) expect(await client.getRecord(soul)).toEqual({ soul });
});

test.each([
  ['wrong paths', faults.STATUS['a wrong path'][1], 404, ATTEMPTS.final],
  ['failures', faults.STATUS['out of order'][1], 500, ATTEMPTS.transient],
  ['refusals', faults.STATUS['too many requests'][1], 429, ATTEMPTS.transient],
])('a flood of %s fails every call and none twice', async (_what, fault, status, attempts) => {
  const everyAttempt = { retryBudget: false, breaker: false };
  const { relay, client, repair } = await withFault(fault, { maxInFlight: 32, attemptTimeoutMs: 10_000, ...everyAttempt });
  const souls = Array.from({ length: 500 }, (_, soul) => `soul ${soul}`);
  const answers = await client.getRecords(souls);
  expect(new Set(answers.map((error) => error.status))).toEqual(new Set([status]));
  expect(relay.requests).toBe(souls.length * attempts);
  expect(client.cacheStats()).toMatchObject({ size: 0, requests: { failed: { ERR_GUN_STATUS: souls.length } } });
  repair();
  expect(await client.getRecord('soul 0')).toEqual({ n: 1 });
});

test.each(['end', 'destroy', 'reset'])('connections closed while idle cost no failure: %s', async (how) => {
  // One that is reset may be found so only by the request that it loses: that is what a retry is for.
  const { relay, client, repair } = await withFault(() => {}, { retries: how === 'end' ? 0 : 1 });
  repair();
  for (let call = 0; call < 20; call += 1) {
    expect(await client.getRecord('a')).toEqual({ n: 1 });
    relay.closeIdle(how);
    await relay.hasNoSockets();
  }
  expect(relay.requests).toBe(20);
});

test('a relay that restarts, with calls on the wire and calls that come while it is away, is found again', async () => {
  const { relay, client, repair } = await withFault(() => {}, { maxInFlight: 8, attemptTimeoutMs: 10_000 });
  for (let round = 0; round < 5; round += 1) {
    relay.answer = () => () => {};
    const before = relay.requests;
    const onTheWire = Array.from({ length: 8 }, (_, soul) => client.getRecord(`soul ${soul}`));
    await relay.hasRequests(before + onTheWire.length);
    await relay.stop();
    for (const call of onTheWire) expect((await failureOf(call)).code).toBe('ERR_GUN_CONNECT');
    expect((await failureOf(client.getRecord('a'))).code).toBe('ERR_GUN_CONNECT');
    await relay.start();
    repair();
    expect(await client.getRecord('a')).toEqual({ n: 1 });
  }
  expect(client.cacheStats().size).toBe(0);
});

test('one unusable record does not fail the others of its batch', async () => {
  const relay = await newFaultRelay(({ soul }) => {
    return faults.GARBAGE[soul] || ((exchange) => exchange.answer(wire.record({ soul })));
  });
  const client = newClient({ relayUrl: relay.url });
  const [a, bad, b] = await client.getRecords(['a', 'a control character in a key', 'b']);
  expect([a, bad.code, b]).toEqual([{ soul: 'a' }, 'ERR_GUN_BAD_RESPONSE', { soul: 'b' }]);
});
