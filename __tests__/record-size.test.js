'use strict';

const { drip, record, recordText } = require('./helpers/answers');
const { setup } = require('./helpers/setup');

const DEEP = 100_000;

function depthOf(array) {
  let depth = 0;
  for (let level = array; Array.isArray(level); level = level[0]) depth += 1;
  return depth;
}

test('a record nested 100,000 levels deep is read', async () => {
  const nested = '['.repeat(DEEP) + ']'.repeat(DEEP);
  const { client } = await setup({ a: recordText(`{"deep":${nested}}`) });
  const { deep } = await client.getRecord('a');
  expect(depthOf(deep)).toBe(DEEP);
});

test('a string of JSON nested 100,000 levels deep is read', async () => {
  const nested = '['.repeat(DEEP) + ']'.repeat(DEEP);
  const { client } = await setup({ a: recordText(`{"data":"${nested}"}`) });
  const { data } = await client.getRecord('a');
  expect(depthOf(data)).toBe(DEEP);
});

test('a record of 5 MB is read whole', async () => {
  const rows = Array.from({ length: 50_000 }, (_, row) => ({ row, text: 'é'.repeat(40) }));
  const { client } = await setup({ a: record({ rows, data: JSON.stringify(rows.slice(0, 100)) }) });
  const got = await client.getRecord('a');
  expect(got.rows).toHaveLength(50_000);
  expect(got.rows[49_999]).toEqual({ row: 49_999, text: 'é'.repeat(40) });
  expect(got.data).toEqual(rows.slice(0, 100));
});

test('a record that comes byte by byte is read, its characters whole', async () => {
  const bytes = Buffer.from('{"success":true,"data":{"a":"é🏋️"}}');
  const { client } = await setup({ a: drip([...bytes].map((byte) => Buffer.of(byte)), 1) });
  expect(await client.getRecord('a')).toEqual({ a: 'é🏋️' });
});
