'use strict';

const { AsyncResource } = require('async_hooks');
const { native, promised } = require('./dispatch');
const channels = require('./channels');
const { GunError, callSite } = require('./error');

const { Failed } = native.Tag;
const { Inserted, Invalidated } = native.EntryChange;

/** Errors of calls that never began. */
const NOT_BEGUN = ['ERR_GUN_INVALID_ARGUMENT', 'ERR_GUN_CLOSED'];

/** Number of the last watched call. Ids are reused, so a late retry event is matched by this number. */
let lastWatch = 0;

/** One watched call. It publishes in the caller's asynchronous context. */
class WatchedRequest extends AsyncResource {
  constructor(watch, began, message) {
    super('GunRequest');
    this.watch = watch;
    this.began = began;
    this.message = message;
    channels.request.start.publish(message);
  }

  /** The addon will try again. */
  retrying(error, delayMs) {
    Object.assign(this.message, { attempts: error.attempts, retry: { error, delayMs } });
    this.publish(channels.request.retry);
  }

  /** Details of the outcome that follows. */
  came([attempts, status, joined, change]) {
    Object.assign(this.message, { attempts, coalesced: joined === 1 });
    if (status !== 0) this.message.status = status;
    const { soul, relay } = this.message;
    if (change === Inserted) this.publish(channels.cache.insert, { soul, relay });
    if (change === Invalidated) this.publish(channels.cache.invalidate, { soul, relay, removed: 1 });
  }

  ended(record) {
    this.settled(channels.request.end, { outcome: record === null ? 'missing' : 'found' });
  }

  failed(error) {
    this.settled(channels.request.error, { error });
  }

  settled(channel, members) {
    Object.assign(this.message, members, { durationMs: performance.now() - this.began });
    this.publish(channel);
  }

  publish(channel, message = this.message) {
    this.runInAsyncScope(() => channel.publish(message));
  }
}

/** Begins a watched call. */
function getWatched(handle, soul, { signal, timeoutMs, fresh, asBody }, read, site = callSite(getWatched)) {
  const { relay } = handle.lines;
  // 0 means not watched.
  lastWatch = (lastWatch + 1) >>> 0 || 1;
  const watch = lastWatch;
  const began = performance.now();
  const begun = handle.get(soul, timeoutMs, fresh, watch, asBody);
  if (isHit(begun)) channels.cache.hit.publish({ soul, relay });
  const request = isRequest(begun) ? new WatchedRequest(watch, began, { soul, relay }) : undefined;
  return promised(handle, begun, signal, request, read, site);
}

/** Whether the cache answered. Log lines may precede the outcome in the events. */
function isHit(begun) {
  return begun === undefined || (typeof begun === 'object' && begun[begun.length - 3] !== Failed);
}

function isRequest(begun) {
  if (typeof begun === 'number') return true;
  return !isHit(begun) && !NOT_BEGUN.includes(JSON.parse(begun[begun.length - 1]).code);
}

/** Begins a watched batch, call by call, so that each one is published. */
async function getManyWatched(handle, souls, options) {
  const { signal } = options;
  // An empty batch fails only if the client is closed; then this batch fails as a whole.
  const empty = handle.getMany([]);
  const site = callSite(getManyWatched);
  if (empty[0] === Failed) return promised(handle, empty, undefined, undefined, undefined, site);
  const isWhole = (reason) => {
    const isAbort = Boolean(signal) && signal.aborted && reason === signal.reason;
    return isAbort || !(reason instanceof GunError) || reason.code === 'ERR_GUN_CLOSED';
  };
  const asAnswer = (reason) => {
    if (isWhole(reason)) throw reason;
    return reason;
  };
  return Promise.all(Array.from(souls, (soul) => getWatched(handle, soul, options, undefined, site).catch(asAnswer)));
}

module.exports = { getManyWatched, getWatched };
