'use strict';

const { GunClient, openDefault } = require('./lib/client');
const { GunError } = require('./lib/error');

let shared;

/** The default client, made on first use; a bad environment is told again at every use until it is mended. */
function defaultClient() {
  if (shared === undefined) shared = openDefault();
  return shared;
}

function getRecord(soul, options) {
  try {
    return defaultClient().getRecord(soul, options);
  } catch (error) {
    return Promise.reject(error);
  }
}

function getRecords(souls, options) {
  try {
    return defaultClient().getRecords(souls, options);
  } catch (error) {
    return Promise.reject(error);
  }
}

function cacheStats() {
  return defaultClient().cacheStats();
}

function invalidate(soul) {
  return defaultClient().invalidate(soul);
}

function invalidateAll() {
  return defaultClient().invalidateAll();
}

module.exports = { getRecord, getRecords, cacheStats, invalidate, invalidateAll, GunClient, GunError };
