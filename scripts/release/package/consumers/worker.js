'use strict';

const { Worker, isMainThread, parentPort } = require('worker_threads');
const { getRecord, getRecords, GunError } = require('gun-native');

if (isMainThread) {
  new Worker(__filename).once('message', (answers) => console.log(JSON.stringify(answers)));
} else {
  (async () => {
    const [missing, failure] = await getRecords(['missing', '']);
    parentPort.postMessage([await getRecord('a'), missing, failure instanceof GunError]);
  })();
}
