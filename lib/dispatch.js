'use strict';

// Not the global one, which tests may replace.
const { setImmediate } = require('timers');
const native = require('./binary');
const { breaker, cache } = require('./channels');
const { GunError, fromJson, fromJsonAt, unreadable } = require('./error');
const { reasonOf, unwatch, watch } = require('./signals');

// Constants of their own: the switch below runs once per call.
const { Found, Missing, Failed, Batch, Part, Line, Notice, Info, Retry, Closed } = native.Tag;

/** Calls that wait, by the id that the addon gave them, which is never 0. */
const pending = [];

/** Clients by the id that their log lines carry. Held weakly: what waits for an answer holds its client itself. */
const clients = new Map();
const collected = new FinalizationRegistry((id) => clients.delete(id));
let lastClientId = 0;

const dispatcher = new native.NativeDispatcher(deliver);
// The addon holds it weakly while nothing waits, so that a module that was loaded can be collected, as a whole.
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

  /** Leaves the call: the addon forgets it, and an answer already on its way goes nowhere. */
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

/** Gives a client its id, and lines about it to `writeLine`. */
function register(client) {
  lastClientId += 1;
  clients.set(lastClientId, new WeakRef(client));
  collected.register(client, lastClientId);
  return lastClientId;
}

/**
 * The promise of something that began in the addon: `begun` is an id, events that settle it at once, or nothing. A
 * `request` hears what becomes of it, before its caller does; `read` makes the answer of a record's text.
 */
function promised(client, begun, signal, request, read = JSON.parse, site = undefined) {
  if (begun === undefined) return Promise.resolve(null);
  const promise = new Promise(keep);
  let resolve = keptResolve;
  let reject = keptReject;
  // They would keep their promise, and what it resolves with.
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

/** The executor of every promise: one for each would be a closure more. */
function keep(resolve, reject) {
  keptResolve = resolve;
  keptReject = reject;
}

/** Whatever becomes of what hears it, the caller gets the outcome. */
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

/** Whether `deliver` was called by an immediate, and not by the addon's wake-up. */
let isImmediate = false;

/** Takes what the addon delivers in one turn of the event loop; if there is more, the loop goes on before that. */
function deliver(events, hasMore) {
  // First, so that nothing that goes wrong below keeps it from happening. Immediates run in the turn of a wake-up, too.
  if (hasMore) setImmediate(isImmediate ? nextTurn : setImmediate, nextTurn);
  settle(events);
}

function nextTurn() {
  isImmediate = true;
  dispatcher.nextTurn();
  isImmediate = false;
}

/**
 * Takes events: triples of tag, id and body. The id 0 is that of `atOnce`, a call that did not have to wait. It is in no
 * list: a logger may begin another such call before this one has its outcome.
 */
function settle(events, atOnce) {
  for (let at = 0; at < events.length; at += 3) {
    const id = events[at + 1];
    try {
      settleOne(events[at], id, events[at + 2], id === 0 ? atOnce : pending[id]);
    } catch (thrown) {
      // One that goes wrong does not take the others with it.
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
    // A body that nobody reads holds room in the budget of texts.
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

/** Makes an exception known as uncaught, as Node does with those of diagnostics channels, and lets the caller go on. */
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
      // Not before the failures that were reported with it.
      call.resolve(afterReaction());
      break;
  }
}

/**
 * Fails a call with an error whose stack has the functions that await it. V8 knows them only while a promise settles that
 * the caller's promise was resolved with, so the error is made there. A call that did not have to wait still has its caller
 * on the stack.
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

/** Ends when a promise that was resolved with another one has begun to wait for it. */
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

/** Adds a part to a batch's answers, with the failures put in their places; the answers so far. */
function addPart(call, [failures, records]) {
  const part = JSON.parse(records);
  if (call.answers === undefined) call.answers = part;
  else for (const answer of part) call.answers.push(answer);
  if (failures !== null) {
    for (const [index, members] of JSON.parse(failures)) call.answers[index] = fromJsonAt(call.site, members);
  }
  return call.answers;
}

/** The addon had no memory to say how a call ended. */
function undelivered() {
  const message = 'the answer could not be handed to JavaScript: out of memory';
  return new GunError(message, { code: 'ERR_GUN_BAD_RESPONSE', attempts: 1, retryable: true });
}

let writesAtExit = false;

/** Sees to it that files behind caches are written when the process exits, however it does. */
function writeAtExit() {
  if (writesAtExit) return;
  writesAtExit = true;
  process.once('exit', () => dispatcher.persist());
}

/** The client of an id, unless it was collected. */
function clientOf(id) {
  const reference = clients.get(id);
  return reference && reference.deref();
}

/** Another attempt is to come. An id may be that of a later call by now. */
function retrying({ request }, { watch: watched, delayMs, error }) {
  if (request !== undefined && request.watch === watched) request.retrying(fromJson(error), delayMs);
}

/** Something for a client's log and channels. */
function notify(clientId, { level, line, sweep, breaker: circuit }) {
  log(clientId, line, level);
  const client = clientOf(clientId);
  if (client && sweep && cache.sweep.hasSubscribers) cache.sweep.publish(Object.assign({ relay: client.relay }, sweep));
  if (client && circuit && breaker.hasSubscribers) breaker.publish(circuit);
}

/** A logger that throws is its owner's affair and breaks no call. */
function log(clientId, line, level = 'log') {
  const client = clientOf(clientId);
  try {
    if (client) client.writeLine(line, level);
  } catch (thrown) {
    return;
  }
}

module.exports = { dispatcher, native, promised, register, writeAtExit };
