'use strict';

const { missing, missingAfter, record, stall, status } = require('./helpers/answers');
const { runNode } = require('./helpers/child');
const { newRelay } = require('./helpers/setup');

/** Long before an idle connection (4 s), a sweep or a deadline would let a process go. */
const SOON_MS = 3_000;

/** Runs a script with `gun` and `client`, a client for a relay that answers by the table. */
async function runWith(table, script, flags) {
  const relay = await newRelay(table);
  const source = `
    const gun = require('./index.js');
    const client = new gun.GunClient({ relayUrl: '${relay.url}', backoff: { baseMs: 1, maxMs: 2 } });
    ${script}
  `;
  return { relay, ...(await runNode(source, { env: { GUN_PEERS: relay.url }, flags })) };
}

test('a process whose only pending work is a call waits for it, then ends', async () => {
  const result = await runWith({ a: missingAfter(500) }, `client.getRecord('a').then(console.log);`);
  expect(result).toMatchObject({ code: 0, stdout: 'null\n', stderr: '' });
  expect(result.ms).toBeGreaterThan(500);
});

test('the same for the default client and a batch', async () => {
  const result = await runWith({ a: missingAfter(300) }, `gun.getRecords(['a', 'b']).then(console.log);`);
  expect(result).toMatchObject({ code: 0, stdout: '[ null, null ]\n', stderr: '' });
});

test('a process waits through a retry', async () => {
  const table = { a: [status(503, { 'retry-after': '1' }), record({ n: 1 })] };
  expect(await runWith(table, `client.getRecord('a').then(console.log);`)).toMatchObject({ code: 0, stdout: '{ n: 1 }\n' });
});

test('a process waits for close', async () => {
  const script = `client.getRecord('a'); client.close().then(() => console.log('closed'));`;
  expect(await runWith({ a: missingAfter(300) }, script)).toMatchObject({ code: 0, stdout: 'closed\n', stderr: '' });
});

test.each([
  ['loading alone', ''],
  ['a client that was never used', 'new gun.GunClient({ sweepEveryMs: 50 });'],
  ['idle connections', `client.getRecords(['a', 'b', 'c']);`],
  ['remembered souls that wait for a sweep', `gun.getRecord('gone');`],
  ['a call that was aborted', `client.getRecord('stalls', { signal: AbortSignal.timeout(50) }).catch(() => {});`],
  ['a call whose time is up', `client.getRecord('stalls', { timeoutMs: 50 }).catch(() => {});`],
  ['a closed client', `client.getRecord('a').then(() => client.close());`],
])('nothing keeps a process alive: %s', async (_what, script) => {
  const result = await runWith({ a: record({}), gone: missing(), stalls: stall() }, script);
  expect(result).toMatchObject({ code: 0, signal: null, stdout: '', stderr: '' });
  expect(result.ms).toBeLessThan(SOON_MS);
});

test('process.exit in mid-call ends the process with its code', async () => {
  const script = `
    for (let soul = 0; soul < 100; soul += 1) client.getRecord('soul ' + soul);
    gun.getRecords(['a', 'b']);
    client.getRecord('last').then(() => process.exit(7));
  `;
  const result = await runWith((soul) => (soul === 'last' ? record({}) : stall()), script);
  expect(result).toMatchObject({ code: 7, signal: null, stdout: '', stderr: '' });
  expect(result.ms).toBeLessThan(SOON_MS);
});

test('process.exit while answers pour in ends the process with its code', async () => {
  const script = `
    let settled = 0;
    const one = () => client.getRecord('a').then(() => { settled += 1; if (settled === 500) process.exit(7); one(); });
    for (let caller = 0; caller < 50; caller += 1) one();
  `;
  expect(await runWith({ a: record({ list: Array(1_000).fill('text') }) }, script)).toMatchObject({ code: 7, signal: null, stderr: '' });
});

test('an exception in mid-call ends the process as it always does', async () => {
  const script = `
    client.getRecord('stalls');
    client.getRecord('last').then(() => setImmediate(() => { throw new Error('of the host'); }));
  `;
  const result = await runWith({ stalls: stall(), last: record({}) }, script);
  expect(result).toMatchObject({ code: 1, signal: null });
  expect(result.stderr).toContain('of the host');
  expect(result.ms).toBeLessThan(SOON_MS);
});

test('failures that are handled raise nothing that is not', async () => {
  const script = `
    const settle = (call) => call.catch(() => {});
    process.on('warning', (warning) => console.log('warning', warning));
    (async () => {
      await settle(client.getRecord(5));
      await settle(client.getRecord('bad'));
      await settle(client.getRecords('none'));
      await settle(client.getRecord('bad', { signal: AbortSignal.abort() }));
      const controller = new AbortController();
      const calls = Array.from({ length: 30 }, () => settle(client.getRecord('stalls', { signal: controller.signal })));
      const others = settle(client.getRecord('stalls', { timeoutMs: 50 }));
      await settle(client.getRecord('bad')); // later than the others on the wire
      controller.abort();
      await Promise.all([...calls, others]);
      await client.close();
      await settle(client.getRecord('late'));
      console.log('done');
    })();
  `;
  const result = await runWith({ bad: status(400), stalls: stall() }, script, ['--unhandled-rejections=strict']);
  expect(result).toMatchObject({ code: 0, stdout: 'done\n', stderr: '' });
});

test('a failure that nobody handles is an unhandled rejection that shows the failure', async () => {
  const result = await runWith({ bad: status(400) }, `client.getRecord('bad');`);
  expect(result.code).toBe(1);
  expect(result.stderr).toMatch(/GunError.*answered 400 for soul "bad"/);
});
