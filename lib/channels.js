'use strict';

const { channel } = require('diagnostics_channel');

/** Events of a request. All of them have the same message object. */
const request = {
  start: channel('gun-native:request:start'),
  retry: channel('gun-native:request:retry'),
  end: channel('gun-native:request:end'),
  error: channel('gun-native:request:error'),
};

/** Events of the cache of missing souls. */
const cache = {
  hit: channel('gun-native:cache:hit'),
  insert: channel('gun-native:cache:insert'),
  invalidate: channel('gun-native:cache:invalidate'),
  sweep: channel('gun-native:cache:sweep'),
};

/** A relay's circuit opened or closed. */
const breaker = channel('gun-native:breaker');

// Constants of their own: `isWatched` is part of the cost of every call, and that of a known-missing answer is small.
const { start, end, error, retry } = request;
const { hit, insert, invalidate } = cache;

/** Whether any channel for calls has a subscriber. If none has, this check is the only cost. */
function isWatched() {
  return (
    start.hasSubscribers ||
    end.hasSubscribers ||
    error.hasSubscribers ||
    retry.hasSubscribers ||
    hit.hasSubscribers ||
    insert.hasSubscribers ||
    invalidate.hasSubscribers
  );
}

module.exports = { breaker, cache, isWatched, request };
