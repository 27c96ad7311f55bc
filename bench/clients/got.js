'use strict';

// got with an agent of as many sockets as axios has here. Its own retries are off: the harness retries for all peers
// alike if a job needs it.

const http = require('http');
const { recordOf, urlOf } = require('./answer');
const installedVersion = require('./version');

module.exports = {
  load: () => import('got'),
  version: () => installedVersion('got'),
  async open({ relayUrl }) {
    const { got } = await this.load();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 50 });
    const client = got.extend({
      agent: { http: agent },
      responseType: 'json',
      retry: { limit: 0 },
      throwHttpErrors: false,
    });
    return {
      async getRecord(soul) {
        const response = await client(urlOf(relayUrl, soul));
        return recordOf(response.statusCode, response.body);
      },
      close: () => agent.destroy(),
    };
  },
};
