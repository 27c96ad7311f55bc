'use strict';

const { recordingLogger } = require('./helpers/logger');
const { setup, sleep } = require('./helpers/setup');

/** Waits, a second or two at most, until the logger has a line. */
async function firstLine(logger) {
  for (let tries = 0; logger.lines.length === 0 && tries < 200; tries += 1) await sleep(10);
  return logger.lines[0];
}

test('a sweep removes what is past its life and says so, byte for byte', async () => {
  const logger = recordingLogger();
  const { client } = await setup({}, { logger, cache: { ttlMs: 50 }, sweepEveryMs: 1_000 });
  await client.getRecords(Array.from({ length: 45 }, (_, number) => `soul ${number}`));
  // On a slow machine a sweep comes between: then it takes more than one.
  let left = 45;
  for (let swept = 0; left > 0; swept += 1) {
    while (logger.lines.length <= swept) await sleep(10);
    const removed = Number(/ (\d+) expired/.exec(logger.lines[swept][1])[1]);
    expect(removed).toBeGreaterThan(0);
    left -= removed;
    const remain = /, (\d+) remain$/.exec(logger.lines[swept][1])[1];
    if (left === 0) expect(remain).toBe('0');
    expect(logger.lines[swept]).toEqual(['log', `🧹 [GUN 404 Cache] Cleaned ${removed} expired entries, ${remain} remain`]);
  }
  expect(client.cacheStats()).toMatchObject({ size: 0, expirations: 45 });
});

test('what is still alive remains', async () => {
  const logger = recordingLogger();
  const { client } = await setup({}, { logger, cache: { ttlMs: 1_000 }, sweepEveryMs: 1_400 });
  await client.getRecords(['a', 'b']);
  await sleep(700);
  await client.getRecords(['c', 'd', 'e']);
  expect(await firstLine(logger)).toEqual(['log', '🧹 [GUN 404 Cache] Cleaned 2 expired entries, 3 remain']);
});

test('a sweep that removes nothing is silent', async () => {
  const logger = recordingLogger();
  const { client } = await setup({}, { logger, sweepEveryMs: 20 });
  await client.getRecord('a');
  await sleep(200);
  expect(logger.lines).toEqual([]);
  expect(client.cacheStats().size).toBe(1);
});

test('a closed client sweeps no more', async () => {
  const logger = recordingLogger();
  const { client } = await setup({}, { logger, cache: { ttlMs: 1 }, sweepEveryMs: 100 });
  await client.getRecord('a');
  await client.close();
  const lines = logger.lines.length;
  await sleep(250);
  expect(logger.lines).toHaveLength(lines);
});

test('a logger that throws does not end the sweeps', async () => {
  let lines = 0;
  const fail = () => {
    lines += 1;
    throw new Error('disk full');
  };
  const logger = { log: fail, warn: fail, error: fail };
  const { client } = await setup({}, { logger, cache: { ttlMs: 1 }, sweepEveryMs: 20 });
  for (let tries = 0; lines < 2 && tries < 100; tries += 1) {
    await client.getRecord(`soul ${tries}`);
    await sleep(20);
  }
  expect(lines).toBeGreaterThanOrEqual(2);
});
