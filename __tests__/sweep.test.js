'use strict';

const { recordingLogger } = require('./helpers/logger');
const { newClient, setup, until } = require('./helpers/setup');

const SWEEP_EVERY_MS = 20;

/** Adds expiring entries until this many sweeps have removed some. */
async function sweeps(client, logger, count) {
  let added = 0;
  await until(async () => {
    await client.getRecord(`soul ${added++}`);
    return logger.lines.length >= count;
  });
}

/** Waits until a second client, with the same interval and started later, has swept twice: all timers are on one thread. */
async function sweepsOfAnother(relay) {
  const logger = recordingLogger();
  const other = newClient({ relayUrl: relay.url, logger, cache: { ttlMs: 1 }, sweepEveryMs: SWEEP_EVERY_MS });
  await sweeps(other, logger, 2);
}

/** How many entries a sweep's line says it removed, and how many it left. */
function counts([level, line]) {
  const [, removed, remain] = /^🧹 \[GUN 404 Cache\] Cleaned (\d+) expired entries, (\d+) remain$/.exec(line);
  expect(level).toBe('log');
  return { removed: Number(removed), remain: Number(remain) };
}

test('a sweep removes expired entries and logs their number, byte for byte', async () => {
  const logger = recordingLogger();
  const { client } = await setup({}, { logger, cache: { ttlMs: 50 }, sweepEveryMs: 1_000 });
  await client.getRecords(Array.from({ length: 45 }, (_, number) => `soul ${number}`));
  // On a slow machine it may take more than one sweep.
  const removedBy = () => logger.lines.map((line) => counts(line).removed);
  await until(() => removedBy().reduce((sum, removed) => sum + removed, 0) >= 45);
  expect(removedBy().filter((removed) => removed === 0)).toEqual([]);
  expect(counts(logger.lines.at(-1)).remain).toBe(0);
  expect(client.cacheStats()).toMatchObject({ size: 0, expirations: 45 });
});

test('a sweep keeps entries that have not expired, and is silent if it removes none', async () => {
  const ttlMs = 400;
  const expirable = [];
  const added = [];
  const logger = recordingLogger();
  const log = (line) => {
    logger.log(line);
    expirable.push(added.filter((at) => performance.now() - at >= ttlMs).length);
  };
  const { client } = await setup({}, { logger: { ...logger, log }, statsEvery: 0, cache: { ttlMs, refresh: false }, sweepEveryMs: SWEEP_EVERY_MS });
  // New entries all the time, until a sweep finds expired ones beside those that have not expired.
  await until(async () => {
    added.push(performance.now());
    await client.getRecord(`soul ${added.length}`);
    return logger.lines.some((line) => counts(line).remain > 0);
  });
  let removed = 0;
  logger.lines.forEach((line, sweep) => {
    expect(counts(line).removed).toBeGreaterThan(0);
    removed += counts(line).removed;
    expect(removed).toBeLessThanOrEqual(expirable[sweep]);
  });
});

test('a closed client no longer sweeps', async () => {
  const logger = recordingLogger();
  const { relay, client } = await setup({}, { logger, cache: { ttlMs: 1 }, sweepEveryMs: SWEEP_EVERY_MS });
  await sweeps(client, logger, 1);
  let added = 0;
  do await client.getRecord(`not swept ${added++}`);
  while (client.cacheStats().size === 0);
  await client.close();
  const { size } = client.cacheStats();
  const lines = logger.lines.length;
  await sweepsOfAnother(relay);
  expect(logger.lines).toHaveLength(lines);
  expect(client.cacheStats().size).toBe(size);
});

test('sweeps continue if the logger throws', async () => {
  const logger = recordingLogger();
  const fail = (line) => {
    logger.log(line);
    throw new Error('disk full');
  };
  const { client } = await setup({}, { logger: { log: fail, warn: fail, error: fail }, cache: { ttlMs: 1 }, sweepEveryMs: SWEEP_EVERY_MS });
  await sweeps(client, logger, 2);
  for (const line of logger.lines) expect(counts(line).removed).toBeGreaterThan(0);
});
