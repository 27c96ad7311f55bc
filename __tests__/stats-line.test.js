'use strict';

const { record, status } = require('./helpers/answers');
const { recordingLogger } = require('./helpers/logger');
const { runNode } = require('./helpers/child');
const { failureOf, newRelay, rejectionOf, setup } = require('./helpers/setup');

test('the line is what operators search for, byte for byte', async () => {
  const logger = recordingLogger();
  const { client } = await setup({}, { logger, statsEvery: 4 });
  for (const soul of ['a', 'a', 'b', 'b', 'c', 'c', 'c', 'c']) await client.getRecord(soul);
  expect(logger.lines).toEqual([
    ['log', '📊 [GUN 404 Cache] 2/4 hits (50.0% cache hit rate, 2 cached souls)'],
    ['log', '📊 [GUN 404 Cache] 5/8 hits (62.5% cache hit rate, 3 cached souls)'],
  ]);
});

test('it comes at every hundredth call by default', async () => {
  const logger = recordingLogger();
  const { client } = await setup({}, { logger });
  for (let call = 0; call < 99; call += 1) await client.getRecord(`soul ${call % 55}`);
  expect(logger.lines).toEqual([]);
  await client.getRecord('soul 0');
  expect(logger.lines).toEqual([['log', '📊 [GUN 404 Cache] 45/100 hits (45.0% cache hit rate, 55 cached souls)']]);
});

test('it is logged for any outcome of the calls', async () => {
  const logger = recordingLogger();
  const script = { found: record({}), failing: status(400) };
  const { relay, client } = await setup(script, { logger, statsEvery: 1 });
  await client.getRecord('found');
  expect(logger.lines).toHaveLength(1);
  await client.getRecord('gone');
  expect(logger.lines).toHaveLength(2);
  await failureOf(client.getRecord('failing'));
  expect(logger.lines).toHaveLength(3);
  const controller = new AbortController();
  relay.hold();
  const aborted = client.getRecord('held', { signal: controller.signal });
  controller.abort('gone');
  await rejectionOf(aborted);
  expect(logger.lines).toHaveLength(4);
  await failureOf(client.getRecord('held', { timeoutMs: 30 }));
  expect(logger.lines).toHaveLength(5);
  expect(logger.lines.at(-1)).toEqual(['log', '📊 [GUN 404 Cache] 0/5 hits (0.0% cache hit rate, 1 cached souls)']);
});

test('each soul of a batch is a call', async () => {
  const logger = recordingLogger();
  const { client } = await setup({}, { logger, statsEvery: 10 });
  await client.getRecords(Array.from({ length: 25 }, (_, number) => `soul ${number}`));
  expect(logger.lines).toHaveLength(2);
});

test('the hits of a line are among its calls: those of a batch count as the batch settles', async () => {
  const logger = recordingLogger();
  const { relay, client } = await setup({}, { logger, statsEvery: 10 });
  const souls = Array.from({ length: 25 }, (_, number) => `soul ${number}`);
  await client.getRecords(souls);
  await client.getRecords(souls);
  const gate = relay.hold(1);
  const controller = new AbortController();
  const waiting = client.getRecords([...souls, 'held'], { signal: controller.signal });
  await gate.reached();
  await client.getRecords(Array.from({ length: 20 }, (_, number) => `other ${number}`));
  controller.abort('enough');
  expect(await rejectionOf(waiting)).toBe('enough');
  gate.open();
  const figures = logger.lines.map(([, line]) => line.match(/\d+\/\d+/)[0]);
  expect(figures).toEqual(['0/10', '0/20', '5/30', '15/40', '25/50', '25/60', '25/70', '35/80', '45/90']);
});

test('calls that never began do not count', async () => {
  const logger = recordingLogger();
  const { client } = await setup({}, { logger, statsEvery: 1 });
  await failureOf(client.getRecord(''));
  await rejectionOf(client.getRecord('a', { signal: AbortSignal.abort() }));
  expect(logger.lines).toEqual([]);
});

test('a statsEvery of 0 logs none', async () => {
  const logger = recordingLogger();
  const { client } = await setup({}, { logger, statsEvery: 0 });
  for (let call = 0; call < 250; call += 1) await client.getRecord('a');
  expect(logger.lines).toEqual([]);
});

test('failures, retries and closing are not logged', async () => {
  const logger = recordingLogger();
  const { client } = await setup({ a: status(503) }, { logger });
  await failureOf(client.getRecord('a'));
  client.invalidateAll();
  await client.close();
  expect(logger.lines).toEqual([]);
});

test('methods of a logger see the logger as this', async () => {
  class Driver {
    lines = [];
    log(line) {
      this.lines.push(line);
    }
    warn() {}
    error() {}
  }
  const logger = new Driver();
  const { client } = await setup({}, { logger, statsEvery: 1 });
  await client.getRecord('a');
  expect(logger.lines).toHaveLength(1);
});

test('a logger that throws breaks no call', async () => {
  const fail = () => {
    throw new Error('disk full');
  };
  const { client } = await setup({ a: record({ n: 1 }) }, { logger: { log: fail, warn: fail, error: fail }, statsEvery: 1 });
  expect(await client.getRecord('a')).toEqual({ n: 1 });
  expect(await client.getRecord('gone')).toBeNull();
  expect(await client.getRecord('gone')).toBeNull();
  expect(await client.getRecords(['a', 'gone'])).toEqual([{ n: 1 }, null]);
});

test('a logger that makes a call of its own breaks no call', async () => {
  const calls = [];
  const log = () => calls.push(failureOf(client.getRecord('')));
  const { client } = await setup({}, { logger: { log, warn() {}, error() {} }, statsEvery: 1 });
  expect(await client.getRecord('gone')).toBeNull();
  expect(await client.getRecord('gone')).toBeNull();
  expect(await client.getRecords(['gone', 'gone'])).toEqual([null, null]);
  const codes = (await Promise.all(calls)).map(({ code }) => code);
  expect(codes).toEqual(Array(4).fill('ERR_GUN_INVALID_ARGUMENT'));
});

const HUNDRED_CALLS = `
  const { getRecord } = require('./index.js');
  (async () => { for (let call = 0; call < 100; call += 1) await getRecord('a'); })();
`;
const LINE = '📊 [GUN 404 Cache] 99/100 hits (99.0% cache hit rate, 1 cached souls)\n';

test.each([
  ['logs to the console', {}, LINE],
  ['is silent under GUN_NATIVE_LOG=off', { GUN_NATIVE_LOG: 'off' }, ''],
])('the default client %s', async (_what, env, expected) => {
  const relay = await newRelay();
  const { stdout, stderr } = await runNode(HUNDRED_CALLS, { env: { GUN_PEERS: relay.url, ...env } });
  expect({ stdout, stderr }).toEqual({ stdout: expected, stderr: '' });
});

test('a client logs to the console by default, and logger: false silences it', async () => {
  const relay = await newRelay();
  const script = (options) => `
    const { GunClient } = require('./index.js');
    const client = new GunClient({ relayUrl: '${relay.url}', statsEvery: 1, ${options} });
    client.getRecord('a');
  `;
  const [loud, silent] = [await runNode(script('')), await runNode(script('logger: false'))];
  expect(loud.stdout).toBe('📊 [GUN 404 Cache] 0/1 hits (0.0% cache hit rate, 1 cached souls)\n');
  expect(silent.stdout).toBe('');
});
