'use strict';

const { missing, missingAfter, record, stall } = require('./helpers/answers');
const { runNode } = require('./helpers/child');
const { newRelay } = require('./helpers/setup');

/** `inWorker(code)` runs code in a worker, `gun` at hand; resolves with what it posts, or its exit code. */
const PRELUDE = `
  const { Worker } = require('worker_threads');
  const { once } = require('events');
  const start = (code) => new Worker(
    "const { parentPort } = require('worker_threads'); const gun = require('./index.js'); " + code,
    { eval: true },
  );
  const inWorker = async (code) => {
    const worker = start(code);
    let posted;
    worker.on('message', (message) => { posted = message; });
    const [exitCode] = await once(worker, 'exit');
    return posted === undefined ? exitCode : posted;
  };
`;

/** Runs a script in a process of its own, whose default client asks the relay. */
async function runWith(table, script, setEnv = {}) {
  const relay = await newRelay(table);
  const result = await runNode(`${PRELUDE} (async () => { ${script} })();`, { env: { GUN_PEERS: relay.url, ...setEnv } });
  return { relay, ...result };
}

const GET = (soul) => `gun.getRecord('${soul}').then((record) => parentPort.postMessage(record));`;

test('a soul found missing in a worker is known missing on the main thread', async () => {
  const script = `
    const inside = await inWorker(${JSON.stringify(GET('a'))});
    const outside = await require('./index.js').getRecord('a');
    console.log(JSON.stringify([inside, outside, require('./index.js').cacheStats().hits]));
  `;
  const { relay, stdout, stderr } = await runWith({ a: missing() }, script);
  expect({ stdout, stderr }).toEqual({ stdout: '[null,null,1]\n', stderr: '' });
  expect(relay.requests).toHaveLength(1);
});

test('threads share a request that is on the wire', async () => {
  const script = `
    const gun = require('./index.js');
    const calls = [gun.getRecord('a'), inWorker(${JSON.stringify(GET('a'))}), inWorker(${JSON.stringify(GET('a'))})];
    console.log(JSON.stringify(await Promise.all(calls)));
  `;
  const { relay, stdout } = await runWith({ a: missingAfter(1_500) }, script);
  expect(stdout).toBe('[null,null,null]\n');
  expect(relay.requests).toHaveLength(1);
});

test('an invalidate in one thread counts in every other', async () => {
  const script = `
    const gun = require('./index.js');
    await gun.getRecord('a');
    const forgotten = await inWorker("parentPort.postMessage(gun.invalidate('a'));");
    console.log(JSON.stringify([forgotten, await gun.getRecord('a')]));
  `;
  const { stdout } = await runWith({ a: [missing(), record({ n: 1 })] }, script);
  expect(stdout).toBe('[true,{"n":1}]\n');
});

test('clients of two threads share nothing', async () => {
  const own = (url) => `new gun.GunClient({ relayUrl: '${url}' }).getRecord('a').then((record) => parentPort.postMessage(record));`;
  const relay = await newRelay();
  const script = `
    const code = ${JSON.stringify(own(relay.url))};
    console.log(JSON.stringify([await inWorker(code), await inWorker(code)]));
  `;
  const { stdout } = await runNode(`${PRELUDE} (async () => { ${script} })();`);
  expect(stdout).toBe('[null,null]\n');
  expect(relay.requests).toHaveLength(2);
});

test('50 workers terminated with calls in flight do no harm', async () => {
  const busy = `
    const client = new gun.GunClient({ logger: false, relayUrl: process.env.GUN_PEERS });
    const { signal } = new AbortController();
    for (let soul = 0; soul < 20; soul += 1) client.getRecord('stalls ' + soul, { signal });
    gun.getRecords(['stalls a', 'quick', 'stalls b'], { timeoutMs: 60 });
    (function again() { client.getRecord('quick').then(again); })();
    setTimeout(() => parentPort.postMessage('busy'), Math.random() * 20);
  `;
  const script = `
    const one = async () => {
      const worker = start(${JSON.stringify(busy)});
      await once(worker, 'message');
      await worker.terminate();
    };
    for (let round = 0; round < 10; round += 1) await Promise.all([one(), one(), one(), one(), one()]);
    console.log(JSON.stringify(await require('./index.js').getRecord('quick')));
  `;
  const table = (soul) => (soul.startsWith('stalls') ? stall() : record({ n: 1 }));
  const result = await runWith(table, script, { GUN_MAX_IN_FLIGHT: '4', GUN_NATIVE_LOG: 'off' });
  expect(result).toMatchObject({ code: 0, signal: null, stdout: '{"n":1}\n', stderr: '' });
  await result.relay.hasNoSockets();
}, 30_000);

test('a caller in another thread keeps its request when the worker that began it is terminated', async () => {
  const script = `
    const worker = start("gun.getRecord('a'); parentPort.postMessage('asked');");
    await once(worker, 'message');
    const call = require('./index.js').getRecord('a');
    await worker.terminate();
    console.log(JSON.stringify(await call));
  `;
  const { relay, stdout } = await runWith({ a: missingAfter(1_000) }, script);
  expect(stdout).toBe('null\n');
  expect(relay.requests).toHaveLength(1);
});

test('a worker that leaves its calls behind cancels their requests', async () => {
  const script = `
    const inFlight = () => require('./index.js').cacheStats().requests.inFlight;
    const worker = start("gun.getRecord('a'); gun.getRecord('b'); gun.getRecord('last').then(() => parentPort.postMessage('asked'));");
    await once(worker, 'message');
    console.log(inFlight() >= 2);
    await worker.terminate();
    while (inFlight() > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    console.log('cancelled');
  `;
  const { relay, stdout } = await runWith((soul) => (soul === 'last' ? record({}) : stall()), script);
  expect(stdout).toBe('true\ncancelled\n');
  expect(relay.souls).toEqual(['a', 'b', 'last']);
});

test('the addon may be loaded in a worker only, which then ends', async () => {
  const script = `console.log(JSON.stringify([await inWorker(${JSON.stringify(GET('a'))}), await inWorker('')]));`;
  expect(await runWith({ a: record({ n: 1 }) }, script)).toMatchObject({ code: 0, signal: null, stdout: '[{"n":1},0]\n', stderr: '' });
});

test('a worker whose only pending work is a call waits for it, then ends', async () => {
  const script = `console.log(JSON.stringify(await inWorker(${JSON.stringify(GET('a'))})));`;
  expect(await runWith({ a: missingAfter(300) }, script)).toMatchObject({ code: 0, stdout: 'null\n', stderr: '' });
});

test('the default client still works when the worker that created it has ended', async () => {
  const script = `
    await inWorker(${JSON.stringify(GET('a'))});
    console.log(JSON.stringify(await require('./index.js').getRecords(['a', 'b'])));
  `;
  const { stdout } = await runWith({ b: record({ n: 2 }) }, script);
  expect(stdout).toBe('[null,{"n":2}]\n');
});
