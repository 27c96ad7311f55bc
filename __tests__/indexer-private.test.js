'use strict';

const fs = require('fs');
const path = require('path');
const { GunHelper } = require('../examples/indexer/helpers/gun');
const { seal, unseal } = require('../examples/indexer/helpers/private');
const { relayOf } = require('../examples/indexer/helpers/relay');
const { startGunRelay } = require('../examples/relay');
const { missing, record } = require('./helpers/answers');
const { ROOT } = require('./helpers/child');
const { PATHS } = require('./helpers/paths');
const { newClient, newRelay, rejectionOf } = require('./helpers/setup');

// On a busy machine a test may take long, and none depends on how long.
jest.setTimeout(60_000);

const USER = { userPublicKey: 'xpub-of-a-user', userPassword: 'correct horse' };
const SECRET = { data: { weight: 82.5, notes: ['früh', '🏋️'], deep: { a: [1, { b: null }] } }, oip: { recordType: 'diary', tags: ['x'] } };

let relay;
beforeAll(async () => {
  relay = await startGunRelay({ waitMs: 150 });
});
afterAll(() => relay.close());

describe.each(Object.keys(PATHS))('a private record on the real gun package, by %s', (path) => {
  const soul = `f3a9c1d27b40:diary ${path}`;

  test('is written, lies there as nodes that say nothing, and is read back by its user', async () => {
    const gun = new GunHelper({ client: PATHS[path](relay), relay: relayOf(relay.url) });
    expect(await gun.getRecordOrThrow(soul, USER)).toBeNull(); // marks the soul; its put clears the mark
    await gun.putRecord(soul, SECRET, { ...USER, encrypt: true });

    const raw = async (node) => (await (await fetch(`${relay.url}/get?soul=${encodeURIComponent(node)}`)).json()).data;
    const stored = await raw(soul);
    expect(stored).toEqual({ data: { '#': `${soul}/data` }, meta: { '#': `${soul}/meta` }, oip: SECRET.oip });
    expect(Object.keys(await raw(`${soul}/data`)).sort()).toEqual(['encrypted', 'iv', 'salt', 'tag']);
    expect(JSON.stringify(await raw(`${soul}/data`))).not.toContain('82.5');

    expect(await gun.getRecord(soul)).toEqual(stored);
    const read = await gun.getRecord(soul, USER);
    expect(read).toMatchObject(SECRET);
    expect(read.meta).toEqual({ encrypted: false, wasEncrypted: true, encryptionMethod: 'aes-256-gcm', encryptedBy: USER.userPublicKey });
  });

  test('fails for another user or password, as a failure and not as missing, with no download again', async () => {
    const gun = new GunHelper({ client: PATHS[path](relay), relay: relayOf(relay.url) });
    const before = await relay.requests();
    const wrong = await rejectionOf(gun.getRecordOrThrow(soul, { ...USER, userPassword: 'guess' }));
    expect(wrong.message).toBe('private record: wrong password, or not as it was written');
    expect((await relay.requests()) - before).toBe(3); // the record and its two nodes, once
    const other = await rejectionOf(gun.getRecordOrThrow(soul, { ...USER, userPublicKey: 'xpub-of-another' }));
    expect(other.message).toBe('private record: encrypted for another user');
  });

  test('is missing when it was deleted, its nodes too', async () => {
    const gun = new GunHelper({ client: PATHS[path](relay), relay: relayOf(relay.url) });
    expect(await gun.deleteRecord(soul)).toBe(true);
    expect(await gun.getRecords([soul, `${soul}/data`, `${soul}/meta`], USER)).toEqual([null, null, null]);
    expect(await gun.deleteRecord(soul)).toBe(false);
  });

  test('and a public one: arrays in its data and oip come back', async () => {
    const gun = new GunHelper({ client: PATHS[path](relay), relay: relayOf(relay.url) });
    const put = await gun.putRecord(SECRET, `${soul} public`); // in the older order
    expect(put).toEqual({ soul: `${soul} public`, did: `did:gun:${soul} public`, encrypted: false });
    expect(await gun.getRecordOrThrow(`${soul} public`)).toEqual(SECRET);
    expect(await gun.getRecordOrThrow(`${soul} public`, USER)).toEqual(SECRET);
  });
});

test('what the README of the example shows reads as it says', async () => {
  const text = fs.readFileSync(path.join(ROOT, 'examples/indexer/README.md'), 'utf8');
  const [, code] = /```js\n([^]*?)```/.exec(text);
  const calls = code.trim().split('\n').map((line) => line.replace(/^await (gun\..*);.*$/, 'answers.push(await $1);'));
  const run = new Function('gun', 'data', 'oip', 'userPublicKey', 'userPassword', `return (async () => { const answers = []; ${calls.join('\n')}\nreturn answers; })()`);
  const gun = new GunHelper({ client: newClient({ relayUrl: relay.url }), relay: relayOf(relay.url) });
  const [stored, readable, sealed] = await run(gun, SECRET.data, SECRET.oip, USER.userPublicKey, USER.userPassword);
  expect(stored.encrypted).toBe(true);
  expect(readable).toMatchObject(SECRET);
  expect(sealed).toEqual({ data: { '#': expect.any(String) }, meta: { '#': expect.any(String) }, oip: SECRET.oip });
});

test('a private record without its node of data says so', async () => {
  const scripted = await newRelay({ a: record({ data: { '#': 'a/data' }, meta: { '#': 'a/meta' } }), 'a/data': missing(), 'a/meta': record({ encrypted: true, encryptionMethod: 'aes-256-gcm', encryptedBy: USER.userPublicKey }) });
  const gun = new GunHelper({ client: newClient({ relayUrl: scripted.url }), relay: relayOf(scripted.url) });
  expect((await rejectionOf(gun.getRecordOrThrow('a', USER))).message).toBe('private record: its data has no encrypted');
});

test('the main thread goes on while records are opened', async () => {
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
  const gun = new GunHelper({ client: newClient({ relayUrl: scripted.url }), relay: relayOf(scripted.url) });
  const error = await rejectionOf(gun.putRecord('a', SECRET, { ...user, encrypt: true }));
  expect(error.message).toBe('a private record needs userPublicKey and userPassword');
  expect(scripted.requests).toEqual([]);
});
