'use strict';

// The global fetch, with the dispatcher that Node gives it: as many sockets as there are requests.

const { recordOf, urlOf } = require('./answer');

module.exports = {
  load: () => fetch,
  version: () => `of Node ${process.version}, undici ${process.versions.undici}`,
  async open({ relayUrl }) {
    return {
      async getRecord(soul) {
        const response = await fetch(urlOf(relayUrl, soul));
        return recordOf(response.status, await response.json());
      },
      close() {},
    };
  },
};
