'use strict';

const { openDefault } = require('./client');

let shared;

/** The default client, made on first use; a bad environment is told again at every use until it is mended. */
function defaultClient() {
  if (shared === undefined) shared = openDefault();
  return shared;
}

module.exports = { defaultClient };
