'use strict';

const { AsyncResource } = require('async_hooks');
const { native, promised } = require('./dispatch');
const channels = require('./channels');
const { GunError, callSite } = require('./error');

const { Failed } = native.Tag;
const { Inserted, Invalidated } = native.EntryChange;

/** Errors of calls that never began. */
const NOT_BEGUN = ['ERR_GUN_INVALID_ARGUMENT', 'ERR_GUN_CLOSED'];

/** The number by which the addon knows a watched call; ids are used again, and a retry may still be on its way. */
let lastWatch = 0;

/** One request as its caller sees it. What it makes known, it does in the caller's asynchronous context. */
class WatchedRequest extends AsyncResource {
  constructor(watch, began, message) {
    super('GunRequest');
    this.watch = watch;
    this.began = began;
    this.message = message;
    channels.request.start.publish(message);
  }

  /** Hears that the addon will try again. */
  retrying(error, delayMs) {
    Object.assign(this.message, { attempts: error.attempts, retry: { error, delayMs } });
    this.publish(channels.request.retry);
  }

  /** Hears how the addon came to the outcome that follows. */
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

/** Begins a call that somebody watches. */
function getWatched(handle, soul, { signal, timeoutMs, fresh, asBody }, read, site = callSite(getWatched)) {
  const { relay } = handle.lines;
  // 0 stands for nobody.
  lastWatch = (lastWatch + 1) >>> 0 || 1;
  const watch = lastWatch;
  const began = performance.now();
  const begun = handle.get(soul, timeoutMs, fresh, watch, asBody);
  if (isHit(begun)) channels.cache.hit.publish({ soul, relay });
  const request = isRequest(begun) ? new WatchedRequest(watch, began, { soul, relay }) : undefined;
  return promised(handle, begun, signal, request, read, site);
}

/** Where a call ended as it began, lines for the log may stand before its outcome. */
function isHit(begun) {
  return begun === undefined || (typeof begun === 'object' && begun[begun.length - 3] !== Failed);
}

function isRequest(begun) {
  if (typeof begun === 'number') return true;
  return !isHit(begun) && !NOT_BEGUN.includes(JSON.parse(begun[begun.length - 1]).code);
}

/** Begins a batch that somebody watches: call by call, so that each is made known by itself. */
async function getManyWatched(handle, souls, options) {
  const { signal } = options;
  // What refuses a batch without souls, a client that is closed, refuses every batch, of whatever souls.
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
