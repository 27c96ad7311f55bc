'use strict';

const { PlainClient } = require('../../examples/indexer/helpers/plain');
const { relayOf } = require('../../examples/indexer/helpers/relay');
const { newClient } = require('./setup');

/** Clients for both paths of the example's helper, with gun-native's option names. */
const PATHS = {
  'gun-native': ({ url }, options) => newClient({ relayUrl: url, ...options }),
  'plain JavaScript': ({ url }, { cache, ...requests } = {}) =>
    new PlainClient({ relay: relayOf(url), cache, requests: { pauseMs: 1, ...requests } }),
};

/** Records `console.error` lines until the test ends; nothing reaches the console. */
function capturedErrors() {
  const lines = [];
  jest.spyOn(console, 'log').mockImplementation(() => {});
  jest.spyOn(console, 'error').mockImplementation((line) => lines.push(line));
  return lines;
}

afterEach(() => jest.restoreAllMocks());

module.exports = { PATHS, capturedErrors };
