'use strict';

// undici at its best: a Pool, its request() rather than fetch(), and as many connections as gun-native has active
// requests by default.

const { recordOf } = require('./answer');
const installedVersion = require('./version');

const CONNECTIONS = 64;

module.exports = {
  load: () => require('undici'),
  version: () => installedVersion('undici'),
  async open({ relayUrl }) {
    const { Pool } = this.load();
    const { origin, pathname } = new URL(relayUrl);
    const pool = new Pool(origin, { connections: CONNECTIONS });
    return {
      async getRecord(soul) {
        const { statusCode, body } = await pool.request({
          path: `${pathname}/get?soul=${encodeURIComponent(soul)}`,
          method: 'GET',
        });
        return recordOf(statusCode, await body.json());
      },
      close: () => pool.close(),
    };
  },
};
