'use strict';

const { getEventListeners } = require('events');
const { missing, record, status } = require('./helpers/answers');
const { failureOf, setup } = require('./helpers/setup');

const listenersOf = (signal) => getEventListeners(signal, 'abort').length;

test('a long-lived signal keeps no listener of a call that has settled', async () => {
  const { client } = await setup({ found: record({}), gone: missing(), failing: status(400) });
  const { signal } = new AbortController();
  for (let call = 0; call < 20; call += 1) {
    await client.getRecord('found', { signal });
    await client.getRecord('gone', { signal });
    await failureOf(client.getRecord('failing', { signal }));
    await client.getRecords(['found', 'gone', 'failing', ''], { signal });
    await failureOf(client.getRecord('', { signal }));
    await failureOf(client.getRecords('no array', { signal }));
  }
  expect(listenersOf(signal)).toBe(0);
});

test('a running call has a listener, a batch has one for all its souls', async () => {
  const { relay, client } = await setup();
  const { signal } = new AbortController();
  const gate = relay.hold();
  const batch = client.getRecords(['a', 'b', 'c'], { signal });
  await gate.reached(3);
  expect(listenersOf(signal)).toBe(1);
  gate.open();
  await batch;
  expect(listenersOf(signal)).toBe(0);
});

test('an aborted signal keeps none either', async () => {
  const { relay, client } = await setup();
  const controller = new AbortController();
  relay.hold();
  const calls = Array.from({ length: 50 }, (_, soul) => client.getRecord(`soul ${soul}`, { signal: controller.signal }));
  controller.abort('gone');
  for (const { reason } of await Promise.allSettled(calls)) expect(reason).toBe('gone');
  expect(listenersOf(controller.signal)).toBe(0);
});
