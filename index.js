'use strict';

const { GunClient, defaultClient } = require('./lib/client');
const { GunError, isGunError, isRecord } = require('./lib/error');

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

function getRecordText(soul, options) {
  try {
    return defaultClient().getRecordText(soul, options);
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

module.exports = {
  getRecord,
  getRecords,
  getRecordText,
  cacheStats,
  invalidate,
  invalidateAll,
  isRecord,
  isGunError,
  GunClient,
  GunError,
};
