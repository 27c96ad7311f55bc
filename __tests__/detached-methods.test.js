'use strict';

const DataLoader = require('dataloader');
const { GunClient } = require('..');
const { record } = require('./helpers/answers');
const { failureOf, setup } = require('./helpers/setup');

test('every method of a client works without it', async () => {
  const { relay, client } = await setup({ a: record({ n: 1 }) });
  const { getRecord, getRecords, getRecordText, cacheStats, invalidate, invalidateAll, flushed, close } = client;
  expect(await getRecord('a')).toEqual({ n: 1 });
  expect(await getRecords(['a', 'gone'])).toEqual([{ n: 1 }, null]);
  expect(await getRecordText('a')).toBe('{"n":1}');
  expect(invalidate('gone')).toBe(true);
  expect(invalidateAll()).toBe(0);
  expect(cacheStats().total).toBe(4);
  expect(await flushed()).toBeUndefined();
  expect(relay.requests).toHaveLength(4);
  expect(await close()).toBeUndefined();
  expect((await failureOf(getRecord('a'))).code).toBe('ERR_GUN_CLOSED');
});

test('getRecords is a batch function of dataloader', async () => {
  const { client } = await setup({ a: record({ n: 1 }), b: record({ n: 2 }) });
  expect(await new DataLoader(client.getRecords).loadMany(['a', 'b'])).toEqual([{ n: 1 }, { n: 2 }]);
});

test('they show up in no copy and no log of the client', async () => {
  const { client } = await setup();
  expect(Object.keys(client)).toEqual([]);
  expect(JSON.stringify(client)).toBe('{}');
});

test('a subclass may override them, and they may be replaced', async () => {
  class Prefixed extends GunClient {
    getRecord(soul, options) {
      return super.getRecord(`p/${soul}`, options);
    }
  }
  const { relay } = await setup({ 'p/a': record({ n: 1 }) });
  const client = new Prefixed({ relayUrl: relay.url, logger: false });
  const { getRecord } = client;
  expect(await getRecord('a')).toEqual({ n: 1 });
  client.getRecord = async () => 'mine';
  expect(await client.getRecord('a')).toBe('mine');
  await client.close();
});
