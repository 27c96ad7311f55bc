'use strict';

// The global fetch with Node's default dispatcher: one socket per active request.

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
