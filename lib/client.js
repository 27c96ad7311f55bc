'use strict';

const { performance } = require('perf_hooks');
const { callOptions, clientOptions, environment, loggerOf, loggerOfEnvironment, show } = require('./arguments');
const { native, port, promised, register } = require('./calls');
const { GunError, fromJson, hide, invalidArgument } = require('./error');
const { follow } = require('./references');

// Members that are nobody else's business; being symbols and hidden, they show up in no log and no copy.
const NATIVE = Symbol('native');
const CLOSED = Symbol('closed');

/** A client of one relay with a connection pool and a negative cache of its own. `index.d.ts` documents it. */
class GunClient {
  constructor(options) {
    const flat = clientOptions(options);
    attach(this, loggerOf(options ? options.logger : undefined), (id) => port.open(id, flat));
  }

  getRecord(soul, options) {
    try {
      const handle = this[NATIVE];
      if (options === undefined) return promised(handle, handle.get(soul));
      const checked = callOptions(options);
      const call = begin(handle, checked, (timeoutMs, fresh) => handle.get(soul, timeoutMs, fresh));
      if (!checked.resolveRefs) return call;
      return withReferences(handle, call.then((record) => [record]), [soul], checked).then(only);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  getRecords(souls, options) {
    try {
      const handle = this[NATIVE];
      if (!Array.isArray(souls)) throw invalidArgument(`souls must be an array, got ${show(souls)}`);
      const checked = callOptions(options);
      const call = begin(handle, checked, (timeoutMs, fresh) => handle.getMany(souls, timeoutMs, fresh));
      return checked.resolveRefs ? withReferences(handle, call, souls.slice(), checked) : call;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  cacheStats() {
    return JSON.parse(this[NATIVE].stats());
  }

  invalidate(soul) {
    return unwrapped(() => this[NATIVE].invalidate(soul));
  }

  invalidateAll() {
    return this[NATIVE].invalidateAll();
  }

  close() {
    if (this[CLOSED] === undefined) {
      const handle = this[NATIVE];
      hide(this, CLOSED, promised(handle, handle.close()));
    }
    return this[CLOSED];
  }
}

if (Symbol.asyncDispose) hide(GunClient.prototype, Symbol.asyncDispose, GunClient.prototype.close);

/** Begins a call with its checked options, unless its signal was aborted before. */
function begin(handle, { signal, timeoutMs, fresh }, call) {
  if (signal && signal.aborted) return Promise.reject(signal.reason);
  return promised(handle, call(timeoutMs, fresh), signal);
}

/** The answers with what they refer to; the time of the call is that of all its levels together. */
function withReferences(handle, call, souls, { signal, timeoutMs, fresh, resolveRefs }) {
  const deadline = performance.now() + (timeoutMs || handle.timeoutMs());
  const ask = (children) => {
    const remaining = Math.max(1, Math.ceil(deadline - performance.now()));
    const options = { signal, timeoutMs: remaining, fresh };
    return begin(handle, options, (ms, isFresh) => handle.getMany(children, ms, isFresh));
  };
  return call.then((answers) => follow(answers, souls, resolveRefs, ask));
}

/** The one answer of a call for one soul. */
function only([answer]) {
  if (answer instanceof GunError) throw answer;
  return answer;
}

/** Opens the addon's side of a client and lets its log lines come to its logger. */
function attach(client, logger, open) {
  const lines = { writeLine: (line) => logger && logger.log(line) };
  const handle = unwrapped(() => open(register(lines)));
  handle.get = handle.getter();
  // What receives the lines is registered weakly and lives as long as the addon's side does.
  handle.lines = lines;
  hide(client, NATIVE, handle);
}

/** All figures of a client, for its metrics. */
function figuresOf(client) {
  return JSON.parse(client[NATIVE].metrics());
}

/** The result of a call into the addon, whose exceptions carry the members of a GunError as JSON. */
function unwrapped(call) {
  try {
    return call();
  } catch (error) {
    throw fromNative(error);
  }
}

function fromNative(error) {
  try {
    return fromJson(JSON.parse(error.message));
  } catch (notOurs) {
    return error;
  }
}

/** This thread's view of the client that the whole process shares. */
function openDefault() {
  const client = Object.create(GunClient.prototype);
  const variables = environment(native.variables());
  attach(client, loggerOfEnvironment(), (id) => port.openDefault(id, variables));
  return client;
}

module.exports = { GunClient, figuresOf, openDefault };
