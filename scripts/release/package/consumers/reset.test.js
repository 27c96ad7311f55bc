'use strict';

test.each([1, 2, 3])('the package loads after a module reset, time %d', async () => {
  jest.resetModules();
  const { getRecord, getRecords, GunError } = require('gun-native');
  const [missing, failure] = await getRecords(['missing', '']);
  expect([await getRecord('a'), missing, failure instanceof GunError]).toEqual([{ n: 1 }, null, true]);
});
