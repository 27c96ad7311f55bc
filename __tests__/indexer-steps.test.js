'use strict';

// The work of an indexer with its relay, as it is on plain axios and with each of the three patches: what it costs, and what
// comes of it. Every row of work that the real program does is here.

const { missing, record, status } = require('./helpers/answers');
const { STEPS, startIndexer } = require('./helpers/indexer');
const { newRelay, rejectionOf } = require('./helpers/setup');

// On a busy machine a test may take long, and none depends on how long.
jest.setTimeout(60_000);

const AS_PUT = status(200, { 'content-type': 'application/json' }, '{"success":true}');
const range = (count) => Array.from({ length: count }, (_, n) => n);
const indexOf = (souls, index) => Object.fromEntries(souls.map((soul) => [soul, { '#': `${index}/${soul}` }]));

/** A registry as the relay has it: for some types an index of references, each to an entry. */
function registry(types, perType) {
  const script = { null: AS_PUT };
  for (const type of types) {
    const index = `oip:registry:index:${type}`;
    const souls = range(perType).map((n) => `f3a9c1d27b40:${type}-${n}`);
    script[index] = record(indexOf(souls, index));
    for (const soul of souls) {
      script[`${index}/${soul}`] = record({ soul, recordType: type });
      script[soul] = record({ data: { name: soul }, oip: { recordType: type } });
    }
  }
  return script;
}

const STORED_TYPES = ['workout', 'exercise', 'mealPlan', 'meal', 'recipe', 'equipment', 'ingredient'];
const indexRequests = (relay) => relay.souls.filter((soul) => /^oip:registry:index:\w+$/.test(soul)).length;

describe('the sync cycle, 37 types of which 30 are missing', () => {
  const cycle = ({ deletions, syncAll }) => {
    global.records = global.records || new Map();
    return syncAll(global.records, deletions);
  };

  test.each([[0, 37], [1, 7], [2, 7], [3, 7]])('with %i patches, the second cycle asks for %i of them', async (steps, second) => {
    const relay = await newRelay(registry(STORED_TYPES, 2));
    const { run } = startIndexer(steps, relay.url);
    expect(await run(cycle)).toBe(14);
    const record0 = { data: { name: 'f3a9c1d27b40:workout-0' }, oip: { recordType: 'workout' } };
    expect(await run(() => global.records.get('f3a9c1d27b40:workout-0'))).toEqual(record0);
    expect(indexRequests(relay)).toBe(37);
    expect(await run(cycle)).toBe(0);
    expect(indexRequests(relay) - 37).toBe(second);
  });

  test.each([[0, 1], [1, 1], [2, 1], [3, 37]])('with %i patches, %i are asked for at a time', async (steps, together) => {
    const relay = await newRelay();
    const gate = relay.hold();
    const { run } = startIndexer(steps, relay.url);
    const result = run(cycle);
    await gate.reached(together);
    gate.open();
    expect(await result).toBe(0);
    expect(relay.mostInProgress).toBe(together);
  });

  test.each([[0, 37], [1, 7], [2, 7], [3, 7]])('with %i patches, a peer whose missing records are 500s is asked for %i', async (steps, second) => {
    const relay = await newRelay(registry(STORED_TYPES, 1));
    const peer = await startIndexer(0, relay.url).run(({ serve }) => serve());
    const own = await newRelay();
    const { run } = startIndexer(steps, own.url, { GUN_EXTERNAL_PEERS: `${peer}/gun-relay` });
    expect(await run(cycle)).toBe(7);
    expect(indexRequests(relay)).toBe(37);
    expect(await run(cycle)).toBe(0);
    expect(indexRequests(relay) - 37).toBe(second);
    expect(own.souls.filter((soul) => soul !== 'oip:deleted:records')).toEqual([]);
  });
});

describe('discovery of 300 registered records', () => {
  test.each([[0, 0], [1, 0], [2, 0], [3, 300]])('with %i patches, it finds %i', async (steps, found) => {
    const relay = await newRelay(registry(['workout', 'exercise', 'meal'], 100));
    const souls = await startIndexer(steps, relay.url).run(({ Registry, gun }) => new Registry(gun).discover());
    expect(souls).toHaveLength(found);
    expect(new Set(souls).size).toBe(found);
  });
});

/** A relay that keeps what is put, as GUN does: a nested object becomes a node of its own. */
async function newStoringRelay() {
  const nodes = new Map();
  const keep = (soul, data) => {
    const node = nodes.get(soul) || {};
    for (const [key, value] of Object.entries(data)) {
      const isNested = typeof value === 'object' && value !== null;
      if (isNested) keep(`${soul}/${key}`, value);
      node[key] = isNested ? { '#': `${soul}/${key}` } : value;
    }
    nodes.set(soul, node);
  };
  const put = (request) => async (response) => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += chunk;
    const { soul, data } = JSON.parse(text);
    keep(soul, data);
    AS_PUT(response);
  };
  const relay = await newRelay((soul, _attempt, request) => {
    if (request.method === 'POST') return put(request);
    return nodes.has(soul) ? record(nodes.get(soul)) : missing();
  });
  return { relay, keep };
}

describe('the deletion registry', () => {
  const deletedSouls = (count) => range(count).map((n) => `f3a9c1d27b40:deleted-${n}`);
  const marksOf = (souls) => Object.fromEntries(souls.map((soul) => [soul, { soul, deletedAt: 1 }]));

  test.each([[0, 0], [1, 0], [2, 20], [3, 20]])('with %i patches, %i of 20 records read as deleted right after it', async (steps, right) => {
    const { relay } = await newStoringRelay();
    const { run } = startIndexer(steps, relay.url);
    const souls = deletedSouls(20);
    const readings = await run(async ({ deletions }, all) => {
      const read = [];
      for (const soul of all) {
        const before = await deletions.isDeleted(soul);
        await deletions.markDeleted(soul);
        read.push([before, await deletions.isDeleted(soul)]);
      }
      return read;
    }, souls);
    expect(readings).toEqual(souls.map(() => [false, right > 0]));
    const kept = await run(({ deletions }, all) => deletions.withoutDeleted(all), [...souls, 'f3a9c1d27b40:alive']);
    expect(kept).toHaveLength(21 - right);
  });

  test.each([[0, 100], [1, 100], [2, 100], [3, 1]])('with %i patches, 100 checks read the index %i times', async (steps, reads) => {
    const { relay, keep } = await newStoringRelay();
    const souls = deletedSouls(100);
    keep('oip:deleted:records', marksOf(souls));
    const { run } = startIndexer(steps, relay.url);
    expect(await run(({ deletions }, all) => deletions.withoutDeleted(all), souls)).toEqual([]);
    expect(relay.requestsFor('oip:deleted:records')).toBe(reads);
  });

  test('the record cache makes one read of checks that stay one by one', async () => {
    const { relay, keep } = await newStoringRelay();
    const souls = deletedSouls(50);
    keep('oip:deleted:records', marksOf(souls));
    const { run } = startIndexer(2, relay.url, { GUN_RECORD_CACHE_TTL_MS: '60000' });
    expect(await run(({ deletions }, all) => deletions.withoutDeleted(all), [...souls, 'alive'])).toEqual(['alive']);
    expect(relay.requestsFor('oip:deleted:records')).toBe(1);
  });

  test.each([0, 3])('with %i patches, at a relay that fails: nothing was deleted, or a failure', async (steps) => {
    const relay = await newRelay({ 'oip:deleted:records': status(400) });
    const call = startIndexer(steps, relay.url).run(({ deletions }) => deletions.withoutDeleted(['a']));
    if (steps === 0) expect(await call).toEqual(['a']);
    else expect(await rejectionOf(call)).toMatchObject({ code: 'ERR_GUN_STATUS' });
  });
});

describe('56 missing records asked for by ten callers', () => {
  test.each([[0, 560], [1, 56], [2, 56], [3, 56]])('with %i patches, they are %i requests', async (steps, requests) => {
    const relay = await newRelay();
    const gate = relay.hold();
    const call = startIndexer(steps, relay.url).run(async ({ gun }) => {
      const souls = Array.from({ length: 56 }, (_, n) => `f3a9c1d27b40:exercise-${n}`);
      return (await Promise.all(Array.from({ length: 10 }, () => Promise.all(souls.map((soul) => gun.getRecord(soul)))))).flat();
    });
    await gate.reached(requests);
    gate.open();
    expect(await call).toEqual(Array(560).fill(null));
    expect(relay.requests).toHaveLength(requests);
  });
});

describe('/gun-relay/get for the peers', () => {
  const text = '{"success":true,"data":{"z":1.0,"a":"é 🏋️","list":{"#":"x/list"}}}';
  test.each(STEPS)('with %i patches, a record passes through and a missing one is answered', async (steps) => {
    const relay = await newRelay({ 'a soul': status(200, { 'content-type': 'application/json' }, text) });
    const url = await startIndexer(steps, relay.url).run(({ serve }) => serve());
    const found = await fetch(`${url}/gun-relay/get?soul=a%20soul`);
    expect([found.status, await found.text()]).toEqual([200, text]);
    const absent = await fetch(`${url}/gun-relay/get?soul=gone`);
    const answer = { status: absent.status, body: await absent.json() };
    // The handler answers as a relay does; the route without it drops the relay's status.
    if (steps < 2) expect(answer).toEqual({ status: 500, body: { error: 'Request failed with status code 404', success: false } });
    else expect(answer).toEqual({ status: 404, body: { error: 'Not found' } });
    expect(relay.requests).toHaveLength(2);
  });
});

describe('the migration at start-up', () => {
  const migrateAll = ({ gun, migrate }, souls) => migrate(gun, souls);

  test.each([[0, 1], [1, 1], [2, 1], [3, 50]])('with %i patches, missing records are asked for %i at a time', async (steps, together) => {
    const old = { data: { n: 1 }, oip: { recordType: 'workout', version: '0.7.0' } };
    const relay = await newRelay({ null: AS_PUT, old: record(old), new: record({ ...old, oip: { version: '0.8.0' } }) });
    const { run } = startIndexer(steps, relay.url);
    expect(await run(migrateAll, ['old', 'new'])).toBe(1);
    expect(relay.requestsFor(null)).toBe(1);
    const gate = relay.hold();
    relay.mostInProgress = 0;
    const migration = run(migrateAll, range(50).map((n) => `gone-${n}`));
    await gate.reached(together);
    gate.open();
    expect(await migration).toBe(0);
    expect(relay.mostInProgress).toBe(together);
  });
});

describe('/api/records', () => {
  test.each(STEPS)('with %i patches, it resolves from memory and asks the relay for nothing', async (steps) => {
    const relay = await newRelay();
    const url = await startIndexer(steps, relay.url).run(({ serve }) => serve(new Map([
      ['w', { data: { name: 'A', exercises: ['there', 'gone'] }, oip: { recordType: 'workout' } }],
      ['there', { data: { name: 'B' }, oip: { recordType: 'exercise' } }],
    ])));
    const { total, records: [answer] } = await (await fetch(`${url}/api/records?recordType=workout&resolveDepth=2`)).json();
    expect(total).toBe(1);
    expect(answer.data.exercises).toEqual([{ soul: 'there', data: { name: 'B' }, oip: { recordType: 'exercise' } }, 'gone']);
    expect(relay.requests).toEqual([]);
  });
});

describe('the helper', () => {
  const get = ({ gun }, soul) => gun.getRecord(soul);

  test.each([[0, null], [1, null], [2, { n: 1 }], [3, { n: 1 }]])('with %i patches, a record put just now reads as %j', async (steps, read) => {
    const relay = await newRelay({ null: AS_PUT, a: [missing(), record({ n: 1 })] });
    const { run } = startIndexer(steps, relay.url);
    expect(await run(get, 'a')).toBeNull();
    await run(({ gun }) => gun.putRecord({ n: 1 }, 'a'));
    expect(await run(get, 'a')).toEqual(read);
  });

  test.each(STEPS)('with %i patches, a failure is null and a line in the log', async (steps) => {
    const relay = await newRelay({ a: status(500, {}, 'out of order') });
    const { run } = startIndexer(steps, relay.url);
    expect(await run(get, 'a')).toBeNull();
    const lines = await run(({ logged }) => logged);
    expect(lines.filter((line) => line.startsWith('⚠️  Error in getRecord after 2 retries: '))).toHaveLength(1);
    // With the first patch alone, the helper's three attempts are three calls, and each retries by itself.
    expect(relay.requestsFor('a')).toBe(steps === 1 ? 9 : 3);
  });

  test.each([[0, null], [1, null], [2, { n: 1 }], [3, { n: 1 }]])('with %i patches, after the 404 of a wrong path a record reads as %j', async (steps, read) => {
    const relay = await newRelay({ a: [status(404, {}, '{"error":"Endpoint not found"}'), record({ n: 1 })] });
    const { run } = startIndexer(steps, relay.url);
    expect(await run(get, 'a')).toBeNull();
    expect(await run(get, 'a')).toEqual(read);
  });
});

describe('GUN_NATIVE=off', () => {
  test('disables all three patches: the same requests as without them', async () => {
    const asked = [];
    for (const steps of [0, 3]) {
      const relay = await newRelay(registry(['workout'], 3));
      const { run } = startIndexer(steps, relay.url, { GUN_NATIVE: 'off' });
      expect(await run(({ syncAll, deletions }) => syncAll(new Map(), deletions))).toBe(3);
      expect(await run(({ Registry, gun }) => new Registry(gun).discover())).toEqual([]);
      const url = await run(({ serve }) => serve());
      expect((await fetch(`${url}/gun-relay/get?soul=gone`)).status).toBe(500);
      expect((await fetch(`${url}/gun/stats`)).status).toBe(404);
      if (steps > 0) expect(await run(({ logged }) => logged)).toContain('📡 GUN helper initialized (plain JavaScript)');
      asked.push(relay.souls);
    }
    expect(asked[1]).toEqual(asked[0]);
  });
});
