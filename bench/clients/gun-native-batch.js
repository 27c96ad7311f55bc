'use strict';

const { clientOf, load, version } = require('./gun-native');

module.exports = {
  load,
  version,
  retriesItself: true,
  async open(options) {
    const client = clientOf(options);
    return {
      getRecords: (souls) => client.getRecords(souls),
      close: () => client.close(),
    };
  },
};
