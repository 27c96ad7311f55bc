'use strict';

// The work of an indexer with its relay, as it is on plain axios and with each of the three patches: what it costs, and what
// comes of it. Every row of work that the real program does is here.

const { once } = require('events');
const { missing, record, status } = require('./helpers/answers');
const { STEPS, loadIndexer } = require('./helpers/indexer');
const { closedAfterTest } = require('./helpers/servers');
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
  test.each([[0, 37], [1, 7], [2, 7], [3, 7]])('with %i patches, the second cycle asks for %i of them', async (steps, second) => {
    const relay = await newRelay(registry(STORED_TYPES, 2));
    const { DeletionRegistry, gun, syncAll } = loadIndexer(steps, relay.url);
    const records = new Map();
    expect(await syncAll(records, new DeletionRegistry(gun))).toBe(14);
    expect(records.get('f3a9c1d27b40:workout-0')).toEqual({ data: { name: 'f3a9c1d27b40:workout-0' }, oip: { recordType: 'workout' } });
    expect(indexRequests(relay)).toBe(37);
    expect(await syncAll(records, new DeletionRegistry(gun))).toBe(0);
    expect(indexRequests(relay) - 37).toBe(second);
  });

  test.each([[0, 1], [1, 1], [2, 1], [3, 37]])('with %i patches, %i are asked for at a time', async (steps, together) => {
    const relay = await newRelay();
    const gate = relay.hold();
    const { DeletionRegistry, gun, syncAll } = loadIndexer(steps, relay.url);
    const cycle = syncAll(new Map(), new DeletionRegistry(gun));
    await gate.reached(together);
    gate.open();
    await cycle;
    expect(relay.mostInProgress).toBe(together);
  });

  test.each([[0, 37], [1, 7], [2, 7], [3, 7]])('with %i patches, it reads a peer, whose missing records are 500s: then %i', async (steps, second) => {
    const relay = await newRelay(registry(STORED_TYPES, 1));
    const peer = await serve(loadIndexer(0, relay.url));
    const own = await newRelay();
    const { DeletionRegistry, gun, syncAll } = loadIndexer(steps, own.url, { GUN_EXTERNAL_PEERS: `${peer}/gun-relay` });
    const records = new Map();
    expect(await syncAll(records, new DeletionRegistry(gun))).toBe(7);
    expect(indexRequests(relay)).toBe(37);
    expect(await syncAll(records, new DeletionRegistry(gun))).toBe(0);
    expect(indexRequests(relay) - 37).toBe(second);
    expect(own.souls.every((soul) => soul === 'oip:deleted:records')).toBe(true);
  });
});

async function serve({ createApp }) {
  const server = createApp(new Map()).listen(0, '127.0.0.1');
  closedAfterTest(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

describe('discovery of 300 registered records', () => {
  test.each([[0, 0], [1, 0], [2, 0], [3, 300]])('with %i patches, it finds %i', async (steps, found) => {
    const relay = await newRelay(registry(['workout', 'exercise', 'meal'], 100));
    const { Registry, gun } = loadIndexer(steps, relay.url);
    const souls = await new Registry(gun).discover();
    expect(souls).toHaveLength(found);
    expect(new Set(souls).size).toBe(found);
  });
});

describe('the deletion registry', () => {
  /** A relay that keeps what is put, as GUN does: a nested object becomes a node of its own. */
  async function newKeeper() {
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
    return { relay, nodes, keep };
  }

  test.each([[0, false], [1, false], [2, true], [3, true]])('with %i patches, a record just deleted reads as deleted: %s', async (steps, right) => {
    const { relay } = await newKeeper();
    const { DeletionRegistry, gun } = loadIndexer(steps, relay.url);
    const deletions = new DeletionRegistry(gun);
    const souls = range(20).map((n) => `f3a9c1d27b40:deleted-${n}`);
    for (const soul of souls) {
      expect(await deletions.isDeleted(soul)).toBe(false);
      await deletions.markDeleted(soul);
      expect(await deletions.isDeleted(soul)).toBe(right);
    }
    const kept = await deletions.withoutDeleted([...souls, 'f3a9c1d27b40:alive']);
    expect(kept).toEqual(right ? ['f3a9c1d27b40:alive'] : [...souls, 'f3a9c1d27b40:alive']);
  });

  test.each([[0, 100], [1, 100], [2, 100], [3, 1]])('with %i patches, 100 checks read the index %i times', async (steps, reads) => {
    const { relay, keep } = await newKeeper();
    const souls = range(100).map((n) => `f3a9c1d27b40:deleted-${n}`);
    keep('oip:deleted:records', Object.fromEntries(souls.map((soul) => [soul, { soul, deletedAt: 1 }])));
    const { DeletionRegistry, gun } = loadIndexer(steps, relay.url);
    expect(await new DeletionRegistry(gun).withoutDeleted(souls)).toEqual([]);
    expect(relay.requestsFor('oip:deleted:records')).toBe(reads);
  });

  test('the record cache makes one read of the checks that stay one by one', async () => {
    const { relay, keep } = await newKeeper();
    keep('oip:deleted:records', { 'f3a9c1d27b40:gone': { soul: 'f3a9c1d27b40:gone', deletedAt: 1 } });
    const { DeletionRegistry, gun } = loadIndexer(2, relay.url, { GUN_RECORD_CACHE_TTL_MS: '60000' });
    const deletions = new DeletionRegistry(gun);
    for (const n of range(100)) expect(await deletions.isDeleted(n % 2 ? 'f3a9c1d27b40:gone' : 'f3a9c1d27b40:alive')).toBe(n % 2 === 1);
    expect(relay.requestsFor('oip:deleted:records')).toBe(1);
  });

  test.each([0, 3])('with %i patches, a relay that fails: nothing was deleted, or nobody knows', async (steps) => {
    const relay = await newRelay({ 'oip:deleted:records': status(400) });
    const { DeletionRegistry, gun } = loadIndexer(steps, relay.url);
    const call = new DeletionRegistry(gun).withoutDeleted(['a']);
    if (steps === 0) expect(await call).toEqual(['a']);
    else expect(await rejectionOf(call)).toMatchObject({ code: 'ERR_GUN_STATUS' });
  });
});

describe('56 missing records asked for by ten callers', () => {
  test.each([[0, 560], [1, 56], [2, 56], [3, 56]])('with %i patches, they are %i requests', async (steps, requests) => {
    const relay = await newRelay();
    const gate = relay.hold();
    const { gun } = loadIndexer(steps, relay.url);
    const souls = range(56).map((n) => `f3a9c1d27b40:exercise-${n}`);
    const calls = Promise.all(range(10).map(() => Promise.all(souls.map((soul) => gun.getRecord(soul)))));
    await gate.reached(56);
    gate.open();
    expect((await calls).flat()).toEqual(Array(560).fill(null));
    expect(relay.requests).toHaveLength(requests);
  });
});

describe('/gun-relay/get for the peers', () => {
  const text = '{"success":true,"data":{"z":1.0,"a":"é 🏋️","list":{"#":"x/list"}}}';
  test.each(STEPS)('with %i patches, a record passes through and a missing one is told', async (steps) => {
    const relay = await newRelay({ 'a soul': status(200, { 'content-type': 'application/json' }, text) });
    const url = await serve(loadIndexer(steps, relay.url));
    const found = await fetch(`${url}/gun-relay/get?soul=a%20soul`);
    expect([found.status, await found.text()]).toEqual([200, text]);
    const absent = await fetch(`${url}/gun-relay/get?soul=gone`);
    const told = { status: absent.status, body: await absent.json() };
    // The addon's handler answers as a relay does; the route before it drops the status of the relay.
    if (steps < 2) expect(told).toEqual({ status: 500, body: { error: 'Request failed with status code 404', success: false } });
    else expect(told).toEqual({ status: 404, body: { error: 'Not found' } });
    expect(relay.requests).toHaveLength(2);
  });
});

describe('the migration at start-up', () => {
  test.each([[0, 1], [1, 1], [2, 1], [3, 50]])('with %i patches, missing records are asked for %i at a time', async (steps, together) => {
    const old = { data: { n: 1 }, oip: { recordType: 'workout', version: '0.7.0' } };
    const relay = await newRelay({ null: AS_PUT, old: record(old), new: record({ ...old, oip: { version: '0.8.0' } }) });
    const { gun, migrate } = loadIndexer(steps, relay.url);
    expect(await migrate(gun, ['old', 'new'])).toBe(1);
    const gate = relay.hold();
    const migration = migrate(gun, range(50).map((n) => `gone-${n}`));
    await gate.reached(together);
    relay.mostInProgress = 0;
    gate.open();
    expect(await migration).toBe(0);
    if (together === 1) expect(relay.mostInProgress).toBeLessThanOrEqual(1);
  });
});

describe('/api/records', () => {
  test.each(STEPS)('with %i patches, it resolves from memory and asks the relay for nothing', async (steps) => {
    const relay = await newRelay();
    const { createApp } = loadIndexer(steps, relay.url);
    const workout = { data: { name: 'A', exercises: ['there', 'gone'] }, oip: { recordType: 'workout' } };
    const records = new Map([['w', workout], ['there', { data: { name: 'B' }, oip: { recordType: 'exercise' } }]]);
    const url = await serve({ createApp: () => createApp(records) });
    const { total, records: [answer] } = await (await fetch(`${url}/api/records?recordType=workout&resolveDepth=2`)).json();
    expect(total).toBe(1);
    expect(answer.data.exercises).toEqual([{ soul: 'there', data: { name: 'B' }, oip: { recordType: 'exercise' } }, 'gone']);
    expect(relay.requests).toEqual([]);
  });
});

describe('the helper', () => {
  test.each([[0, true], [1, true], [2, false], [3, false]])('with %i patches, a record just put reads as missing: %s', async (steps, wrong) => {
    const relay = await newRelay({ null: AS_PUT, a: [missing(), record({ data: { n: 1 } })] });
    const { gun } = loadIndexer(steps, relay.url);
    expect(await gun.getRecord('a')).toBeNull();
    await gun.putRecord({ data: { n: 1 } }, 'a');
    expect(await gun.getRecord('a')).toEqual(wrong ? null : { data: { n: 1 } });
  });

  test.each(STEPS)('with %i patches, a failure is null and a line in the log', async (steps) => {
    const relay = await newRelay({ a: status(500, {}, 'out of order') });
    const { gun, logged } = loadIndexer(steps, relay.url);
    expect(await gun.getRecord('a')).toBeNull();
    expect(logged.filter((line) => line.startsWith('⚠️  Error in getRecord after 2 retries: '))).toHaveLength(1);
    expect(relay.requestsFor('a')).toBeGreaterThanOrEqual(3);
  });

  test.each([[0, null], [1, null], [2, 'a wrong path'], [3, 'a wrong path']])('with %i patches, a 404 of a wrong path is %j', async (steps, outcome) => {
    const relay = await newRelay({ a: [status(404, {}, '{"error":"Endpoint not found"}'), record({ n: 1 })] });
    const { gun, logged } = loadIndexer(steps, relay.url);
    await gun.getRecord('a');
    expect(await gun.getRecord('a')).toEqual(outcome === null ? null : { n: 1 });
    expect(logged.some((line) => line.includes('answered 404'))).toBe(outcome !== null);
  });
});

describe('GUN_NATIVE=off', () => {
  test('takes all three patches out: the same requests as without them', async () => {
    const asked = [];
    for (const steps of [0, 3]) {
      const relay = await newRelay(registry(['workout'], 3));
      const { DeletionRegistry, Registry, createApp, gun, logged, syncAll } = loadIndexer(steps, relay.url, { GUN_NATIVE: 'off' });
      expect(await syncAll(new Map(), new DeletionRegistry(gun))).toBe(3);
      expect(await new Registry(gun).discover()).toEqual([]);
      const url = await serve({ createApp });
      expect((await fetch(`${url}/gun-relay/get?soul=gone`)).status).toBe(500);
      expect((await fetch(`${url}/gun/stats`)).status).toBe(404);
      if (steps > 0) expect(logged).toContain('📡 GUN helper initialized (plain JavaScript)');
      asked.push(relay.souls);
    }
    expect(asked[1]).toEqual(asked[0]);
  });
});
