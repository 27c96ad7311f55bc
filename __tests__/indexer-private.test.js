'use strict';

const fs = require('fs');
const path = require('path');
const { seal, unseal } = require('../examples/indexer/helpers/private');
const { startGunRelay } = require('../examples/relay');
const { missing, record } = require('./helpers/answers');
const { ROOT } = require('./helpers/child');
const { startIndexer } = require('./helpers/indexer');
const { newRelay, rejectionOf } = require('./helpers/setup');

// On a busy machine a test may take long, and none depends on how long.
jest.setTimeout(60_000);

const USER = { userPublicKey: 'xpub-of-a-user', userPassword: 'correct horse' };
const SECRET = { data: { weight: 82.5, notes: ['früh', '🏋️'], deep: { a: [1, { b: null }] } }, oip: { recordType: 'diary', tags: ['x'] } };
const FAILED = '⚠️  Error in getRecord after 2 retries: ';

const get = ({ gun }, [soul, options]) => gun.getRecord(soul, options);
const put = ({ gun }, [soul, recordData, options]) => gun.putRecord(recordData, soul, options);
const failures = ({ logged }) => logged.splice(0).filter((line) => line.startsWith('⚠️'));

let relay;
beforeAll(async () => {
  relay = await startGunRelay({ waitMs: 1_000 });
});
afterAll(() => relay.close());

describe.each([0, 1, 2, 3])('on the real gun package, with %i patches', (steps) => {
  const soul = `f3a9c1d27b40:diary ${steps}`;

  test('a private record is stored as nodes that reveal nothing; its user reads it since the second patch', async () => {
    const { run } = startIndexer(steps, relay.url);
    expect(await run(put, [soul, SECRET, { ...USER, encrypt: true }])).toEqual({ soul, did: `did:gun:${soul}`, encrypted: true });
    const raw = async (node) => (await (await fetch(`${relay.url}/get?soul=${encodeURIComponent(node)}`)).json()).data;
    const stored = await raw(soul);
    expect(stored).toEqual({ data: { '#': `${soul}/data` }, meta: { '#': `${soul}/meta` }, oip: SECRET.oip });
    expect(Object.keys(await raw(`${soul}/data`)).sort()).toEqual(['encrypted', 'iv', 'salt', 'tag']);
    expect(JSON.stringify(await raw(`${soul}/data`))).not.toContain('82.5');

    expect(await run(get, [soul])).toEqual(stored);
    const read = await run(get, [soul, USER]);
    if (steps < 2) expect(read).toEqual(stored);
    else expect(read).toEqual({ ...SECRET, meta: { encrypted: false, wasEncrypted: true, encryptionMethod: 'aes-256-gcm', encryptedBy: USER.userPublicKey } });
  });

  test('a wrong password or user is a failure and not missing, with no download again', async () => {
    const { run } = startIndexer(steps, relay.url);
    await run(put, [soul, SECRET, { ...USER, encrypt: true }]);
    if (steps < 2) return; // nothing is decrypted there
    const before = await relay.requests();
    expect(await run(get, [soul, { ...USER, userPassword: 'guess' }])).toBeNull();
    expect(await run(failures)).toEqual([`${FAILED}private record: wrong password, or not as it was written`]);
    expect((await relay.requests()) - before).toBe(3); // the record and its two nodes, once
    expect(await run(get, [soul, { ...USER, userPublicKey: 'xpub-of-another' }])).toBeNull();
    expect(await run(failures)).toEqual([`${FAILED}private record: encrypted for another user`]);
  });

  test('a public record keeps the arrays in its data and oip, and deleting one leaves an empty record', async () => {
    const { run } = startIndexer(steps, relay.url);
    await run(put, [`${soul} public`, SECRET]);
    expect(await run(get, [`${soul} public`])).toEqual(SECRET);
    expect(await run(get, [`${soul} public`, USER])).toEqual(SECRET);
    expect(await run(({ gun }, deleted) => gun.deleteRecord(deleted), `${soul} public`)).toBe(true);
    expect(await run(get, [`${soul} public`])).toEqual({});
  });
});

test('what the README of the example shows reads as it says', async () => {
  const text = fs.readFileSync(path.join(ROOT, 'examples/indexer/README.md'), 'utf8');
  const [, code] = /```js\n([^]*?)```/.exec(text);
  const calls = code.trim().split('\n').map((line) => line.replace(/^await (gun\..*);.*$/, 'answers.push(await $1);'));
  const shown = { toString: () => `async ({ gun }, { data, oip, userPublicKey, userPassword }) => { const answers = []; ${calls.join('\n')}\nreturn answers; }` };
  const [stored, readable, sealed] = await startIndexer(3, relay.url).run(shown, { ...SECRET, ...USER });
  expect(stored.encrypted).toBe(true);
  expect(readable).toMatchObject(SECRET);
  expect(sealed).toEqual({ data: { '#': expect.any(String) }, meta: { '#': expect.any(String) }, oip: SECRET.oip });
});

test('a private record without its node of data says so', async () => {
  const meta = { encrypted: true, encryptionMethod: 'aes-256-gcm', encryptedBy: USER.userPublicKey };
  const scripted = await newRelay({ a: record({ data: { '#': 'a/data' }, meta: { '#': 'a/meta' } }), 'a/data': missing(), 'a/meta': record(meta) });
  const { run } = startIndexer(3, scripted.url);
  expect(await run(get, ['a', USER])).toBeNull();
  expect(await run(failures)).toEqual([`${FAILED}private record: its data has no encrypted`]);
});

test('the main thread is not blocked while records are opened', async () => {
  const sealed = await seal(SECRET, USER);
  let turns = 0;
  let isOpen = false;
  const turn = () => {
    turns += 1;
    if (!isOpen) setImmediate(turn);
  };
  setImmediate(turn);
  await Promise.all(Array.from({ length: 4 }, () => unseal(structuredClone(sealed), USER)));
  isOpen = true;
  // Synchronous work would let the loop turn once or twice; four keys take tens of milliseconds each.
  expect(turns).toBeGreaterThan(20);
});

test('the same record is sealed differently each time, and a changed one does not open', async () => {
  const [one, two] = await Promise.all([seal(SECRET, USER), seal(SECRET, USER)]);
  for (const part of ['encrypted', 'iv', 'tag', 'salt']) expect(one.data[part]).not.toBe(two.data[part]);
  for (const part of ['encrypted', 'iv', 'tag', 'salt']) {
    const mixed = structuredClone(one);
    mixed.data[part] = two.data[part];
    expect((await rejectionOf(unseal(mixed, USER))).message).toContain('wrong password, or not as it was written');
  }
});

test.each([{}, { userPublicKey: 'x' }, { userPassword: 'x' }])('nothing is stored in the clear where the key is incomplete: %j', async (user) => {
  const scripted = await newRelay();
  const call = startIndexer(3, scripted.url).run(put, ['a', SECRET, { ...user, encrypt: true }]);
  expect((await rejectionOf(call)).message).toBe('a private record needs userPublicKey and userPassword');
  expect(scripted.requests).toEqual([]);
});
