'use strict';

const { getRecord, getRecords, GunError } = require('gun-native');

(async () => {
  const [missing, failure] = await getRecords(['missing', '']);
  console.log(JSON.stringify([await getRecord('a'), missing, failure instanceof GunError]));
})();
