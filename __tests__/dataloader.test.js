'use strict';

const DataLoader = require('dataloader');
const { record, status } = require('./helpers/answers');
const { failureOf, newRelay, setup } = require('./helpers/setup');
const { runNode } = require('./helpers/child');

test('a loader gets records, missing souls and failures each in their place', async () => {
  const { relay, client } = await setup({ a: record({ n: 1 }), bad: status(400) });
  const loader = new DataLoader((souls) => client.getRecords(souls));
  const calls = [loader.load('a'), loader.load('gone'), failureOf(loader.load('bad'))];
  const [a, gone, bad] = await Promise.all(calls);
  expect([a, gone]).toEqual([{ n: 1 }, null]);
  expect(bad).toMatchObject({ code: 'ERR_GUN_STATUS', soul: 'bad' });
  expect(relay.requests).toHaveLength(3);
});

test('getRecords is a batch function without a wrapper', async () => {
  const relay = await newRelay({ a: record({ n: 1 }) });
  const script = `
    const DataLoader = require('dataloader');
    const { getRecords } = require('./index.js');
    new DataLoader(getRecords).loadMany(['a', 'gone', 'a']).then((records) => console.log(JSON.stringify(records)));
  `;
  const { code, stdout } = await runNode(script, { env: { GUN_PEERS: relay.url } });
  expect({ code, stdout }).toEqual({ code: 0, stdout: '[{"n":1},null,{"n":1}]\n' });
  expect(relay.requests).toHaveLength(2);
});
