import { getRecord, getRecords, GunError } from 'gun-native';

(async () => {
  const [missing, failure] = await getRecords(['missing', '']);
  console.log(JSON.stringify([await getRecord('a'), missing, failure instanceof GunError]));
})();
