'use strict';

const http = require('http');
const https = require('https');
const { EXIT, Ending } = require('./exit');

/** An indexer whose event loop is busy answers late. */
const TIMEOUT_MS = 10000;
/** Statistics are a kilobyte; whatever sends this much is something else. */
const MAX_BYTES = 1048576;

/** The body of a 200, as text; whatever else happens ends the command. */
function getText(url) {
  const shown = `${url.origin}${url.pathname}`; // without credentials
  return new Promise((resolve, reject) => {
    const fail = (what) => {
      clearTimeout(timer);
      request.destroy();
      reject(new Ending(`${shown} ${what}`, EXIT.FAILED));
    };
    const { get } = url.protocol === 'https:' ? https : http;
    const request = get(url, { agent: false, headers: { accept: 'application/json' } }, (response) => {
      if (response.statusCode !== 200) return fail(`answered ${response.statusCode}`);
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => {
        text += part;
        if (text.length > MAX_BYTES) fail('answered with more than a megabyte');
      });
      response.on('error', () => fail('closed the connection early'));
      return response.on('end', () => {
        clearTimeout(timer);
        resolve(text);
      });
    });
    const timer = setTimeout(() => fail(`has not answered in ${TIMEOUT_MS / 1000} s`), TIMEOUT_MS);
    request.on('error', (error) => fail(`could not be asked: ${error.message || error.code}`));
  });
}

module.exports = { getText };
