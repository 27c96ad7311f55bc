'use strict';

const { recordingLogger } = require('./helpers/logger');
const { newClient, setup, sleep } = require('./helpers/setup');

const SWEEP_EVERY_MS = 20;

/** Adds expiring entries and waits until this many sweeps have removed some. */
async function sweeps(client, logger, count) {
  for (let tries = 0; logger.lines.length < count; tries += 1) {
    await client.getRecord(`soul ${tries}`);
    await sleep(5);
  }
}

/**
 * Waits until a second client, with the same interval and started later, has swept twice. All timers are on one thread, so
 * the first client would have swept as well.
 */
async function sweepsOfAnother(relay) {
  const logger = recordingLogger();
  const other = newClient({ relayUrl: relay.url, logger, cache: { ttlMs: 1 }, sweepEveryMs: SWEEP_EVERY_MS });
  await sweeps(other, logger, 2);
}

test('a sweep removes expired entries and logs their number, byte for byte', async () => {
  const logger = recordingLogger();
  const { client } = await setup({}, { logger, cache: { ttlMs: 50 }, sweepEveryMs: 1_000 });
  await client.getRecords(Array.from({ length: 45 }, (_, number) => `soul ${number}`));
  // On a slow machine it may take more than one sweep.
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

test('a sweep keeps entries that have not expired, and is silent', async () => {
  const logger = recordingLogger();
  const { relay, client } = await setup({}, { logger, sweepEveryMs: SWEEP_EVERY_MS });
  await client.getRecord('a');
  await sweepsOfAnother(relay);
  expect(logger.lines).toEqual([]);
  expect(client.cacheStats()).toMatchObject({ size: 1, expirations: 0 });
});

test('a closed client no longer sweeps', async () => {
  const logger = recordingLogger();
  const { relay, client } = await setup({}, { logger, cache: { ttlMs: 1 }, sweepEveryMs: SWEEP_EVERY_MS });
  await sweeps(client, logger, 1);
  await client.getRecord('not swept yet');
  await client.close();
  const lines = logger.lines.length;
  await sweepsOfAnother(relay);
  expect(logger.lines).toHaveLength(lines);
});

test('sweeps continue if the logger throws', async () => {
  const logger = recordingLogger();
  const fail = (line) => {
    logger.log(line);
    throw new Error('disk full');
  };
  const { client } = await setup({}, { logger: { log: fail, warn: fail, error: fail }, cache: { ttlMs: 1 }, sweepEveryMs: SWEEP_EVERY_MS });
  await sweeps(client, logger, 2);
  expect(logger.lines.every(([level, line]) => level === 'log' && /Cleaned/.test(line))).toBe(true);
});
