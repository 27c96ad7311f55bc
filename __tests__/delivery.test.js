'use strict';

const { record, status } = require('./helpers/answers');
const { runNode } = require('./helpers/child');
const { recordingLogger } = require('./helpers/logger');
const { failureOf, rejectionOf, setup } = require('./helpers/setup');
const { isGunError } = require('..');

const MAX_TURN_ITEMS = 256;

/** Counts what settles in each turn of the event loop, by immediates, which every turn runs once. */
function countTurns() {
  const settled = [0];
  let immediate = setImmediate(function turn() {
    settled.push(0);
    immediate = setImmediate(turn);
  });
  const count = () => {
    settled[settled.length - 1] += 1;
  };
  return {
    count,
    end() {
      clearImmediate(immediate);
      return settled.filter((times) => times > 0);
    },
  };
}

const large = () => record({ text: 'x'.repeat(350_000) });

test('records larger than a turn of the event loop come one a turn', async () => {
  const { relay, client } = await setup(large);
  const gate = relay.hold();
  const turns = countTurns();
  const calls = Array.from({ length: 64 }, (_, soul) => client.getRecord(`${soul}`).then(turns.count));
  await gate.reached(64);
  gate.open();
  await Promise.all(calls);
  expect(turns.end()).toEqual(Array(64).fill(1));
}, 20_000);

describe('a batch', () => {
  afterEach(() => jest.restoreAllMocks());

  /** Counts in which turns texts of a kind are parsed. */
  function countParsed(isCounted) {
    const { parse } = JSON;
    const turns = countTurns();
    jest.spyOn(JSON, 'parse').mockImplementation((text) => {
      if (isCounted(text)) turns.count();
      return parse(text);
    });
    return turns;
  }

  test('of large records is parsed in as many turns', async () => {
    const { client } = await setup(large);
    const turns = countParsed((text) => text.length > 300_000);
    const answers = await client.getRecords(Array.from({ length: 20 }, (_, soul) => `${soul}`));
    expect(turns.end()).toEqual(Array(20).fill(1));
    expect(answers.map(({ text }) => text.length)).toEqual(Array(20).fill(350_000));
  });

  test('with 3,000 failures comes in many turns, each answer in its place', async () => {
    const { relay, client } = await setup((soul) => (soul === 'bad' ? status(400) : record({ soul })));
    const souls = Array.from({ length: 3_002 }, (_, at) => (at % 1_501 === 7 ? `good ${at}` : 'bad'));
    const turns = countParsed((text) => text.startsWith('[['));
    const answers = await client.getRecords(souls);
    expect(turns.end()).toEqual(Array(12).fill(1));
    expect(answers.flatMap((answer, at) => (isGunError(answer) ? [] : [[at, answer.soul]]))).toEqual([
      [7, 'good 7'],
      [1_508, 'good 1508'],
    ]);
    expect(relay.requests).toHaveLength(3);
  });

  test('with 1,000 invalid souls is not settled in one turn either', async () => {
    const { client } = await setup();
    const turns = countParsed((text) => text.startsWith('[['));
    const answers = await client.getRecords(Array(1_000).fill(''));
    expect(turns.end()).toEqual([1, 1, 1, 1]);
    expect(answers.filter(({ code }) => code === 'ERR_GUN_INVALID_ARGUMENT')).toHaveLength(1_000);
  });

  // More events than a function can have arguments.
  test('of 100,000 calls with a log line for each arrives, and the lines in order', async () => {
    const logger = recordingLogger();
    const { client } = await setup({}, { logger, statsEvery: 1 });
    const answers = await client.getRecords(Array(100_000).fill('gone'));
    expect(answers.every((answer) => answer === null)).toBe(true);
    expect(logger.lines).toHaveLength(100_000);
    expect(logger.lines.every(([level, line], at) => level === 'log' && line.includes(`/${at + 1} hits`))).toBe(true);
  }, 20_000);

  test('that is aborted between its parts rejects, and the client still works', async () => {
    const { client } = await setup((soul) => (soul === 'small' ? record({ n: 1 }) : large()));
    const controller = new AbortController();
    const { parse } = JSON;
    jest.spyOn(JSON, 'parse').mockImplementation((text) => {
      if (text.length > 300_000) controller.abort('enough');
      return parse(text);
    });
    const batch = client.getRecords(Array.from({ length: 8 }, (_, soul) => `${soul}`), { signal: controller.signal });
    expect(await rejectionOf(batch)).toBe('enough');
    expect(JSON.parse).toHaveBeenCalled();
    expect(await client.getRecord('small')).toEqual({ n: 1 });
    await client.close();
  });
});

test('answers come after the collection of garbage while nothing waited', async () => {
  const source = `
    const { GunClient } = require('.');
    const { startRelay } = require('./__tests__/helpers/relay');
    (async () => {
      const relay = await startRelay();
      for (let round = 0; round < 3; round += 1) {
        await new Promise(setImmediate);
        global.gc();
        const client = new GunClient({ relayUrl: relay.url, logger: false });
        console.log(await client.getRecord('gone'));
        await client.close();
      }
      await relay.close();
    })();`;
  const { code, signal, stdout } = await runNode(source, { flags: ['--expose-gc'] });
  expect({ code, signal, stdout }).toEqual({ code: 0, signal: null, stdout: 'null\nnull\nnull\n' });
}, 30_000);

test('10,000 failures come in many turns, and timers run in between', async () => {
  const { relay, client } = await setup(() => status(400));
  const gate = relay.hold();
  const turns = countTurns();
  let timers = 0;
  let settled = 0;
  const calls = Array.from({ length: 10_000 }, async () => {
    expect((await failureOf(client.getRecord('a'))).code).toBe('ERR_GUN_STATUS');
    turns.count();
    settled += 1;
    if (settled === 1) setTimeout(() => (timers += 1), 1);
  });
  await gate.reached(1);
  gate.open();
  await Promise.all(calls);
  const counts = turns.end();
  expect(Math.max(...counts)).toBeLessThanOrEqual(MAX_TURN_ITEMS);
  expect(counts.length).toBeGreaterThanOrEqual(40);
  expect(timers).toBe(1);
});

// Turns are counted in a process of its own: its exceptions are uncaught ones.
describe('an exception during delivery', () => {
  const inChild = (body) => `
    const { GunClient } = require('.');
    const { startRelay } = require('./__tests__/helpers/relay');
    const { missing, record, status } = require('./__tests__/helpers/answers');
    let uncaught = 0;
    process.on('uncaughtException', () => (uncaught += 1));
    (async () => {
      const relay = await startRelay((soul) => [record({ n: 1 }), missing(), status(400)][soul % 3]);
      const client = new GunClient({ relayUrl: relay.url, logger: { log() { throw new Error('log'); }, warn() {}, error() {} }, statsEvery: 1 });
      const gate = relay.hold();
      const all = (options) => Promise.allSettled(Array.from({ length: 30 }, (_, soul) => client.getRecord(String(soul), options && options())));
      ${body}
      const outcomes = await calls;
      const count = (status) => outcomes.filter((outcome) => outcome.status === status).length;
      await client.close();
      await relay.close();
      console.log(JSON.stringify({ fulfilled: count('fulfilled'), rejected: count('rejected'), uncaught: uncaught > 0 }));
    })();`;
  const opened = 'await gate.reached(30); gate.open();';

  test.each([
    ['of a logger', `const calls = all(); ${opened}`, { uncaught: false }],
    [
      'for a subscriber who freezes messages',
      `require('diagnostics_channel').channel('gun-native:request:start').subscribe(Object.freeze); const calls = all(); ${opened}`,
      { uncaught: true },
    ],
    [
      'of a subscriber',
      `for (const event of ['end', 'error', 'retry']) require('diagnostics_channel').channel('gun-native:request:' + event).subscribe(() => { throw new Error('mine'); });
       const calls = all(); ${opened}`,
      { uncaught: true },
    ],
    [
      "of a caller's signal",
      `const signal = () => ({ aborted: false, addEventListener() {}, removeEventListener() { throw new Error('mine'); } });
       const calls = all(() => ({ signal: signal() })); ${opened}`,
      { uncaught: true },
    ],
  ])('%s loses no other outcome', async (_whose, body, expected) => {
    const { code, stdout, stderr } = await runNode(inChild(body));
    expect({ code, stderr, ...JSON.parse(stdout) }).toEqual({ code: 0, stderr: '', fulfilled: 20, rejected: 10, ...expected });
  });

  test('of a getter of an aborted signal loses no other call of it', async () => {
    const body = `
      let abort;
      const signal = { aborted: false, addEventListener: (_name, listener) => (abort = listener), removeEventListener() {}, get reason() { throw new Error('mine'); } };
      const calls = all(() => ({ signal }));
      await gate.reached(30);
      abort();
      gate.open();`;
    const { code, stdout, stderr } = await runNode(inChild(body));
    expect({ code, stderr, ...JSON.parse(stdout) }).toEqual({ code: 0, stderr: '', fulfilled: 0, rejected: 30, uncaught: false });
  });
});
