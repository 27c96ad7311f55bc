'use strict';

// Not the global one, which tests may replace.
const { setImmediate } = require('timers');
const native = require('./binary');
const { breaker, cache } = require('./channels');
const { GunError, fromJson, fromJsonAt, unreadable } = require('./error');
const { reasonOf, unwatch, watch } = require('./signals');

// Module constants, because the switch below runs once per call.
const { Found, Missing, Failed, Batch, Part, Line, Notice, Info, Retry, Closed } = native.Tag;

/** Waiting calls by the id that the addon gave them, which is never 0. */
const pending = [];

/** Clients by the id in their log lines. Weak: a waiting call keeps its client alive itself. */
const clients = new Map();
const collected = new FinalizationRegistry((id) => clients.delete(id));
let lastClientId = 0;

const dispatcher = new native.NativeDispatcher(deliver);
// The addon references it weakly while nothing waits, so that the whole module can be collected.
dispatcher.deliver = deliver;

/** A promise that waits for the addon. */
class Call {
  constructor(client, id, signal, resolve, reject, request, read, site) {
    this.client = client;
    this.id = id;
    this.signal = signal;
    this.resolve = resolve;
    this.reject = reject;
    this.request = request;
    this.read = read;
    this.site = site;
    /** The answers of a batch's parts so far. */
    this.answers = undefined;
  }

  /** Leaves the call: the addon drops it, and an answer that is already queued is ignored. */
  abort() {
    pending[this.id] = undefined;
    attempt(() => {
      const events = this.client.leave(this.id);
      if (events) settle(events);
    });
    let reason;
    try {
      reason = reasonOf(this.signal);
    } catch (thrown) {
      reason = thrown;
    }
    this.reject(reason);
  }
}

/** Registers a client for its log lines; returns its id. */
function register(client) {
  lastClientId += 1;
  clients.set(lastClientId, new WeakRef(client));
  collected.register(client, lastClientId);
  return lastClientId;
}

/**
 * The promise of a call that began in the addon. `begun` is an id, events that settle it at once, or undefined for a soul
 * known to be missing. `request` is notified before the caller; `read` converts a record's text; `site` is where it was made.
 */
function promised(client, begun, signal, request, read = JSON.parse, site = undefined) {
  if (begun === undefined) return Promise.resolve(null);
  const promise = new Promise(keep);
  let resolve = keptResolve;
  let reject = keptReject;
  // Otherwise they would keep the promise and its value alive.
  keptResolve = undefined;
  keptReject = undefined;
  if (request !== undefined) [resolve, reject] = heardBy(request, resolve, reject);
  if (typeof begun === 'number') {
    const call = new Call(client, begun, signal, resolve, reject, request, read, site);
    pending[begun] = call;
    if (signal) watch(signal, call);
  } else {
    settle(begun, new Call(client, 0, undefined, resolve, reject, request, read, site));
  }
  return promise;
}

let keptResolve;
let keptReject;

/** The executor of every promise. A shared one saves a closure per call. */
function keep(resolve, reject) {
  keptResolve = resolve;
  keptReject = reject;
}

/** Notifies `request` first. If that throws, the caller still gets the outcome. */
function heardBy(request, resolve, reject) {
  const fulfil = (record) => {
    attempt(() => request.ended(record));
    resolve(record);
  };
  const refuse = (reason) => {
    attempt(() => request.failed(reason));
    reject(reason);
  };
  return [fulfil, refuse];
}

/** Whether `deliver` runs in an immediate, not in the addon's wake-up. */
let isImmediate = false;

/** Settles what the addon delivers in one turn of the event loop. The rest is delivered in a later turn. */
function deliver(hasMore, ...events) {
  // Scheduled first, so that an exception below cannot prevent it. Twice, because an immediate runs in the wake-up's turn, too.
  if (hasMore) setImmediate(isImmediate ? nextTurn : setImmediate, nextTurn);
  settle(events);
}

function nextTurn() {
  isImmediate = true;
  dispatcher.nextTurn();
  isImmediate = false;
}

/**
 * Handles events, which are triples of tag, id and body. Id 0 is `atOnce`, a call that did not have to wait. It is not in
 * `pending`: a logger may begin another such call before this one is settled.
 */
function settle(events, atOnce) {
  for (let at = 0; at < events.length; at += 3) {
    const id = events[at + 1];
    try {
      settleOne(events[at], id, events[at + 2], id === 0 ? atOnce : pending[id]);
    } catch (thrown) {
      // The other events are still handled.
      throwLater(thrown);
    }
  }
}

function settleOne(tag, id, body, call) {
  if (tag === Line) {
    log(id, body);
    return;
  }
  if (tag === Notice) {
    notify(id, JSON.parse(body));
    return;
  }
  if (call === undefined) {
    // An unread body would take up room in the buffer budget.
    if (tag === Found && typeof body === 'object') body.release();
    return;
  }
  if (tag === Info) {
    call.request.came(body);
    return;
  }
  if (tag === Retry) {
    retrying(call, JSON.parse(body));
    return;
  }
  if (tag === Part) {
    addPart(call, body);
    return;
  }
  pending[id] = undefined;
  if (call.signal) attempt(() => unwatch(call.signal, call));
  finish(call, tag, body);
}

function attempt(action) {
  try {
    action();
  } catch (thrown) {
    throwLater(thrown);
  }
}

/** Throws an exception as uncaught, as Node does for subscribers of diagnostics channels, and lets the caller continue. */
function throwLater(thrown) {
  process.nextTick(() => {
    throw thrown;
  });
}

function finish(call, tag, body) {
  switch (tag) {
    case Found:
      finishWith(call, call.read, body);
      break;
    case Missing:
      call.resolve(null);
      break;
    case Failed:
      if (body === null) call.reject(undelivered());
      else fail(call, JSON.parse(body));
      break;
    case Batch:
      finishWith(call, (part) => addPart(call, part), body);
      break;
    case Closed:
      call.resolve(afterFailures());
      break;
  }
}

/**
 * Fails a call with an error whose stack contains the functions that await it. V8 knows them only while it settles a promise
 * that the caller's promise was resolved with, so the error is created there. For a call that did not have to wait, the
 * caller is still on the stack.
 */
function fail(call, members) {
  if (call.site !== undefined) call.reject(fromJsonAt(call.site, members));
  else if (call.id === 0) call.reject(fromJson(members));
  else call.resolve(failure(members));
}

async function failure(members) {
  await afterReaction();
  throw fromJson(members);
}

/** Resolves after the failures of calls that were delivered together with it have reached their callers. */
async function afterFailures() {
  await afterReaction();
  await afterReaction();
}

/** Resolves after a promise that was resolved with another promise has subscribed to it. */
async function afterReaction() {
  await undefined;
  await undefined;
}

function finishWith(call, read, body) {
  let value;
  try {
    value = read(body);
  } catch (cause) {
    call.reject(unreadable(cause));
    return;
  }
  call.resolve(value);
}

/** Adds a part to a batch's answers, failures included; returns the answers so far. */
function addPart(call, [failures, records]) {
  const part = JSON.parse(records);
  if (call.answers === undefined) call.answers = part;
  else for (const answer of part) call.answers.push(answer);
  if (failures !== null) {
    for (const [index, members] of JSON.parse(failures)) call.answers[index] = fromJsonAt(call.site, members);
  }
  return call.answers;
}

/** The error for an outcome that the addon could not deliver for lack of memory. */
function undelivered() {
  const message = 'the answer could not be handed to JavaScript: out of memory';
  return new GunError(message, { code: 'ERR_GUN_BAD_RESPONSE', attempts: 1, retryable: true });
}

let writesAtExit = false;

/** Writes cache files when the process exits. */
function writeAtExit() {
  if (writesAtExit) return;
  writesAtExit = true;
  process.once('exit', () => dispatcher.persist());
}

/** The client of an id; undefined if it was garbage-collected. */
function clientOf(id) {
  const reference = clients.get(id);
  return reference && reference.deref();
}

/** Reports a retry. The id may already belong to a later call, so the watch number must match. */
function retrying({ request }, { watch: watched, delayMs, error }) {
  if (request !== undefined && request.watch === watched) request.retrying(fromJson(error), delayMs);
}

/** Writes a notice to a client's log and channels. */
function notify(clientId, { level, line, sweep, breaker: circuit }) {
  log(clientId, line, level);
  const client = clientOf(clientId);
  if (client && sweep && cache.sweep.hasSubscribers) cache.sweep.publish(Object.assign({ relay: client.relay }, sweep));
  if (client && circuit && breaker.hasSubscribers) breaker.publish(circuit);
}

/** Writes a line to a client's log. Exceptions of a logger are ignored, because they must not break a call. */
function log(clientId, line, level = 'log') {
  const client = clientOf(clientId);
  try {
    if (client) client.writeLine(line, level);
  } catch (thrown) {
    return;
  }
}

module.exports = { dispatcher, native, promised, register, writeAtExit };
