'use strict';

const { record, status } = require('./helpers/answers');
const { runNode } = require('./helpers/child');
const { newRelay } = require('./helpers/setup');

const SOURCE = `
  const { GunClient } = require('./index.js');
  const client = new GunClient({ relayUrl: process.env.RELAY, backoff: { baseMs: 0, maxMs: 0 }, logger: false });
  (async () => {
    for (const soul of ['a', 'gone', 'gone', 'b\\n\\u202e', 'bad']) await client.getRecord(soul).catch(() => {});
    await client.getRecord('late', { signal: AbortSignal.timeout(20) }).catch(() => {});
    await client.close();
  })();
`;

async function linesWith(env) {
  const relay = await newRelay((soul, attempt) => {
    if (soul === 'a') return record({});
    if (soul.startsWith('b\n')) return attempt === 1 ? status(503) : record({});
    if (soul === 'bad') return status(400);
    if (soul === 'late') return () => {};
    return status(404, {}, '{"error":"Not found"}');
  });
  const { code, stdout, stderr } = await runNode(SOURCE, { env: { RELAY: relay.url, ...env } });
  expect([code, stdout]).toEqual([0, '']);
  const withoutNumbers = stderr.replace(/GUN-NATIVE \d+/g, 'GUN-NATIVE').replace(/\d+ ms/g, 'N ms');
  return withoutNumbers.replaceAll(relay.url, 'RELAY').split('\n').filter(Boolean);
}

test('NODE_DEBUG=gun-native prints a readable line per request', async () => {
  expect(await linesWith({ NODE_DEBUG: 'gun-native' })).toEqual([
    'GUN-NATIVE: "a" found (status 200, N ms)',
    'GUN-NATIVE: "gone" missing (status 404, N ms)',
    'GUN-NATIVE: "gone" known to be missing',
    'GUN-NATIVE: "b\\n\\u{202e}" again in N ms: relay RELAY answered 503 for soul "b\\n\\u{202e}" (1 attempt in N ms)',
    'GUN-NATIVE: "b\\n\\u{202e}" found (status 200, N ms, 2 attempts)',
    'GUN-NATIVE: "bad" failed (status 400, N ms): relay RELAY answered 400 for soul "bad" (1 attempt in N ms)',
    'GUN-NATIVE: "late" failed (N ms): The operation was aborted due to timeout',
  ]);
});

test('without it nothing is printed and there is no subscriber', async () => {
  expect(await linesWith({})).toEqual([]);
  const source = `
    require('./index.js');
    const { channel } = require('diagnostics_channel');
    console.log(channel('gun-native:request:end').hasSubscribers);
  `;
  expect((await runNode(source)).stdout).toBe('false\n');
});
