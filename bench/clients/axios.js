'use strict';

// axios as the JavaScript helper uses it: one keep-alive agent of 50 sockets, the default validateStatus, so that
// every 404 is an AxiosError that has to be caught.

const http = require('http');
const { recordOf } = require('./answer');
const installedVersion = require('./version');

module.exports = {
  load: () => require('axios'),
  version: () => installedVersion('axios'),
  async open({ relayUrl }) {
    const axios = this.load();
    const httpAgent = new http.Agent({ keepAlive: true, maxSockets: 50 });
    return {
      async getRecord(soul) {
        try {
          const response = await axios.get(`${relayUrl}/get`, { params: { soul }, timeout: 20_000, httpAgent });
          return recordOf(response.status, response.data);
        } catch (error) {
          if (error.response?.status === 404) return recordOf(404, error.response.data);
          throw error;
        }
      },
      close: () => httpAgent.destroy(),
    };
  },
};
