'use strict';

const { GunError } = require('../lib/error');
const { Random } = require('./helpers/random');
const { Traffic } = require('../bench/soak/traffic');
const { fixturesOf } = require('../bench/soak/fixtures');

/** Traffic over a client that answers what `answerOf` says for each soul, once the gate is open. */
function trafficOver(answerOf) {
  const fixtures = fixturesOf(1);
  const lines = [];
  const invalidated = [];
  const puts = [];
  let open = Promise.resolve();
  const client = {
    getRecords: (souls) => open.then(() => souls.map((soul) => answerOf(soul, fixtures))),
    invalidate: (soul) => invalidated.push(soul),
  };
  const put = async (soul, data) => puts.push([soul, data]);
  const traffic = new Traffic(client, fixtures, { random: new Random(2), put, log: (line) => lines.push(line) });
  /** Answers wait from now on; returns what lets them go. */
  const hold = () => {
    let release;
    open = new Promise((resolve) => (release = resolve));
    return release;
  };
  return { traffic, fixtures, lines, invalidated, puts, hold };
}

const honest = (soul, { stored }) => {
  if (!stored.has(soul)) return null;
  const { data, ...record } = stored.get(soul);
  return data === undefined ? record : { ...record, data: JSON.parse(data) };
};
const failing = () => new GunError('relay http://a could not be reached', { code: 'ERR_GUN_CONNECT' });

test('honest answers are right, and every API call is answered', async () => {
  const { traffic, lines } = trafficOver(honest);
  await Promise.all([traffic.workouts(), traffic.mealPlans(), traffic.burst()]);
  expect(traffic.counts).toMatchObject({ apiCalls: 12, answered: 12, wrong: 0, failed: 0, failedInOutage: 0 });
  expect(lines).toEqual([]);
});

test('a stored record that reads as missing is wrong, and so is a missing one that reads as stored', async () => {
  const forgetful = trafficOver((soul, fixtures) => (soul.includes('workout') ? honest(soul, fixtures) : null));
  for (let call = 0; call < 10; call += 1) await forgetful.traffic.workouts();
  expect(forgetful.traffic.counts.wrong).toBeGreaterThan(0);
  const inventive = trafficOver((soul, fixtures) => honest(soul, fixtures) ?? {});
  await inventive.traffic.workouts();
  expect(inventive.traffic.counts.wrong).toBeGreaterThan(0);
});

test('a failure while the relay is up counts, and is a line of the log as the helper writes it', async () => {
  const { traffic, lines } = trafficOver(failing);
  await traffic.workouts();
  expect(traffic.counts).toMatchObject({ failed: 5, failedInOutage: 0 });
  expect(lines[0]).toBe('⚠️  Error in getRecord after 2 retries: relay http://a could not be reached');
});

test('what fails in an outage is excused: what began before it, during it, and what joined that afterwards', async () => {
  const { traffic, hold } = trafficOver(failing);
  const release = hold();
  const calls = [traffic.workouts()];
  traffic.beginOutage();
  calls.push(traffic.workouts());
  const ended = traffic.endOutage();
  calls.push(traffic.workouts());
  release();
  await Promise.all([...calls, ended]);
  expect(traffic.counts).toMatchObject({ failed: 0, failedInOutage: 15 });
  await traffic.workouts();
  expect(traffic.counts).toMatchObject({ failed: 5, failedInOutage: 15 });
});

test('a sync cycle reads all indexes and what was deleted, by the client and by axios', async () => {
  const { traffic, fixtures } = trafficOver(honest);
  await traffic.syncCycle();
  await traffic.syncCycleByAxios(async (soul) => fixtures.stored.has(soul));
  expect(traffic.counts).toMatchObject({ syncCycles: 2, wrong: 0, failed: 0 });
  await traffic.syncCycleByAxios(async () => false);
  expect(traffic.counts.wrong).toBe(7); // indexes that are stored
});

test('a put is written, invalidated and read back', async () => {
  const { traffic, fixtures, puts, invalidated } = trafficOver(honest);
  const before = fixtures.missing.length;
  await traffic.putOne();
  expect(fixtures.missing).toHaveLength(before - 1);
  expect(puts).toHaveLength(1);
  expect(invalidated).toEqual([puts[0][0]]);
  expect(traffic.counts).toMatchObject({ puts: 1, putsUnread: 0, wrong: 0 });
});

test('a put that reads as missing afterwards is reported', async () => {
  const { traffic } = trafficOver(() => null);
  await traffic.putOne();
  expect(traffic.counts).toMatchObject({ puts: 1, putsUnread: 1, wrong: 1 });
});

test('a put whose read fails is a failure, not a missing record', async () => {
  const { traffic } = trafficOver(failing);
  await traffic.putOne();
  expect(traffic.counts).toMatchObject({ puts: 1, putsUnread: 0, wrong: 0, failed: 1 });
});
