import everything, { getRecord, getRecords, GunError } from 'gun-native';

const [missing, failure] = await getRecords(['missing', '']);
console.log(JSON.stringify([await getRecord('a'), missing, failure instanceof everything.GunError && everything.GunError === GunError]));
