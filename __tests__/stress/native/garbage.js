'use strict';

const { GunClient } = require('../../..');
const { check, eventually, held, heldAgain } = require('./settle');
const { startRelay } = require('./relay');

const CALLS = 200;

/** Creates something in a separate stack frame, so that only a WeakRef refers to it. */
async function weakly(make) {
  const made = await make();
  return made.map((value) => new WeakRef(value));
}

const isCollected = (refs) => () => refs.every((ref) => ref.deref() === undefined);

/** Promises, answers, errors, signals and clients are garbage-collected once unused. */
async function garbage() {
  const relay = await startRelay();
  const client = new GunClient({ relayUrl: relay.url, logger: false, retries: 0 });
  const souls = (kind) => Array.from({ length: CALLS }, (_, n) => `${kind} ${n}`);

  const rejected = await weakly(async () => {
    const calls = souls('bad').map((soul) => client.getRecord(soul));
    const errors = await Promise.all(calls.map((call) => call.catch((error) => error)));
    check(errors.every((error) => error.status === 400), 'all fail');
    return [...calls, ...errors];
  });
  await eventually(isCollected(rejected), 'rejected calls stay');

  const lost = await weakly(async () => {
    const calls = souls('resets').map((soul) => client.getRecord(soul));
    const errors = await Promise.all(calls.map((call) => call.catch((error) => error)));
    check(errors.every((error) => error.cause), 'all have a cause');
    return [...calls, ...errors, ...errors.map((error) => error.cause)];
  });
  await eventually(isCollected(lost), 'calls that lost their connection stay');

  const aborted = await weakly(async () => {
    const controller = new AbortController();
    const calls = souls('stalls').map((soul) => client.getRecord(soul, { signal: controller.signal }));
    controller.abort(new Error('enough'));
    const reasons = await Promise.all(calls.map((call) => call.catch((reason) => reason)));
    return [...calls, controller, controller.signal, reasons[0]];
  });
  await eventually(isCollected(aborted), 'aborted calls stay');

  const timedOut = await weakly(async () => {
    const calls = souls('stalls').map((soul) => client.getRecord(soul, { timeoutMs: 5 }));
    return [...calls, ...(await Promise.all(calls.map((call) => call.catch((error) => error))))];
  });
  await eventually(isCollected(timedOut), 'calls whose time was up stay');

  const answered = await weakly(async () => {
    const calls = souls('found').map((soul) => client.getRecord(soul));
    const batch = client.getRecords(souls('found'));
    return [...calls, ...(await Promise.all(calls)), batch, ...(await batch)];
  });
  await eventually(isCollected(answered), 'answered calls stay');

  // A signal that outlives its calls does not keep them.
  const { signal } = new AbortController();
  const signalled = await weakly(async () => {
    const calls = souls('found').map((soul) => client.getRecord(soul, { signal }));
    return [...calls, ...(await Promise.all(calls))];
  });
  await eventually(isCollected(signalled), 'calls stay with their signal');
  check(!signal.aborted, 'the signal is still there');
  await client.close();

  const closed = await weakly(async () => {
    const clients = Array.from({ length: 50 }, () => new GunClient({ relayUrl: relay.url, logger: false }));
    await Promise.all(clients.map((one) => one.getRecord('found')));
    await Promise.all(clients.map((one) => one.close()));
    return clients;
  });
  await eventually(isCollected(closed), 'closed clients stay');

  const dropped = await weakly(async () => {
    const clients = Array.from({ length: 50 }, () => new GunClient({ relayUrl: relay.url, logger: false }));
    await Promise.all(clients.map((one) => one.getRecord('found')));
    return clients;
  });
  await eventually(isCollected(dropped), 'clients that nobody closed stay');
  await eventually(() => relay.sockets === 0, 'clients that nobody closed keep their sockets');
  await relay.stop();
  return `${6 * CALLS} calls and 100 clients collected`;
}

/** Clients that are opened, used and closed leave no system resources behind. */
async function clients(count) {
  const relay = await startRelay();
  const one = async () => {
    const client = new GunClient({ relayUrl: relay.url, logger: false, sweepEveryMs: 10 });
    check((await client.getRecord('found')).list.length === 50, 'it answers');
    await client.close();
  };
  await one();
  const before = held();
  for (let made = 0; made < count; made += 10) await Promise.all(Array.from({ length: 10 }, one));
  await eventually(() => relay.sockets === 0, 'closed clients keep their sockets');
  await heldAgain(before, 'after clients');
  await relay.stop();
  return `${count} clients opened and closed`;
}

module.exports = { clients, garbage };
