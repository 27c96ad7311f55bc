'use strict';

const { callOptions, clientOptions, environment, lineMethod, loggerOf, loggerOfEnvironment, show } = require('./arguments');
const { dispatcher, native, promised, register, writeAtExit } = require('./dispatch');
const { cache, isWatched } = require('./channels');
const { GunError, callSite, fromJson, hide, invalidArgument } = require('./error');
const { reasonOf } = require('./signals');

// Private members: symbols that are not enumerable, so logs and copies do not contain them.
const NATIVE = Symbol('native');
const CLOSED = Symbol('closed');

/** A client of one relay with a connection pool and a negative cache of its own. `index.d.ts` documents it. */
class GunClient {
  constructor(options) {
    const flat = clientOptions(options);
    const logger = loggerOf(options ? options.logger : undefined);
    attach(this, logger, (id) => dispatcher.open(id, flat, Boolean(logger)));
    if (!options) return;
    if (options.rejectUnauthorized === false) warnUnverified();
    require('./unknown-options').warnUnknown(options);
  }

  getRecord(soul, options) {
    try {
      const handle = this[NATIVE];
      if (options === undefined && !isWatched() && !handle.isClosing) {
        return handle.recent.has(soul) ? Promise.resolve(null) : getPlain(handle, soul);
      }
      const checked = callOptions(options);
      if (handle.isClosing) throw closed(handle, soul);
      const call = ask(handle, soul, checked);
      if (!checked.resolveRefs) return call;
      return withReferences(handle, call.then((record) => [record]), [soul], checked).then(only);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  getRecordText(soul, options) {
    try {
      const handle = this[NATIVE];
      const checked = callOptions(options, true);
      if (handle.isClosing) throw closed(handle, soul);
      return ask(handle, soul, checked, asIs);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  getRecords(souls, options) {
    try {
      const handle = this[NATIVE];
      if (!Array.isArray(souls)) throw invalidArgument(`souls must be an array, got ${show(souls)}`);
      const checked = callOptions(options);
      if (handle.isClosing) throw closed(handle);
      // A copy: N-API rejects an array behind a Proxy, as reactive stores have them, and the caller may change its array.
      const list = [...souls];
      const call = askMany(handle, list, checked);
      return checked.resolveRefs ? withReferences(handle, call, list, checked) : call;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  cacheStats() {
    return JSON.parse(this[NATIVE].stats());
  }

  invalidate(soul) {
    const handle = this[NATIVE];
    const wasKnown = unwrapped(() => handle.invalidate(soul));
    if (cache.invalidate.hasSubscribers) publishInvalidated(handle, soul, Number(wasKnown));
    return wasKnown;
  }

  invalidateAll() {
    const handle = this[NATIVE];
    const removed = handle.invalidateAll();
    if (cache.invalidate.hasSubscribers) publishInvalidated(handle, undefined, removed);
    return removed;
  }

  async flushed() {
    const handle = this[NATIVE];
    // A binary without a shared store has nothing to wait for.
    if (handle.flushed) await promised(handle, handle.flushed());
  }

  close() {
    if (this[CLOSED] === undefined) hide(this, CLOSED, closing(this[NATIVE]));
    return this[CLOSED];
  }
}

/** The methods that can be detached, `const { getRecord } = client`. Each client has bound copies of them. */
const METHODS = Object.getOwnPropertyNames(GunClient.prototype).filter((name) => name !== 'constructor');

if (Symbol.asyncDispose) hide(GunClient.prototype, Symbol.asyncDispose, GunClient.prototype.close);

let hasWarned = false;

/** Warns once per process, as Node does for NODE_TLS_REJECT_UNAUTHORIZED, that TLS gives no protection. */
function warnUnverified() {
  if (hasWarned) return;
  hasWarned = true;
  const message = 'a GunClient has rejectUnauthorized: false and takes any certificate for its relay: anyone between them can read and change the traffic';
  process.emitWarning(message, { code: 'GUN_TLS_UNVERIFIED' });
}

/** Loaded with the first watched call: most programs have none, and load faster without it. */
function watched() {
  return require('./diagnostics');
}

/** The mirror of a client that has no known-missing soul yet. The real one is loaded when it is needed. */
const NONE_YET = { has: () => false, add() {} };

/** Begins a call for one soul, without options and not watched. */
function getPlain(handle, soul) {
  const begun = handle.get(soul);
  if (begun !== undefined) return promised(handle, begun);
  if (handle.recent === NONE_YET) handle.recent = require('./recent').recentOf(handle);
  else handle.recent.add(soul);
  return Promise.resolve(null);
}

/** Begins a call for one soul with validated options, unless its signal is already aborted. */
function ask(handle, soul, options, read) {
  const { signal, timeoutMs, fresh, asBody } = options;
  if (signal && signal.aborted) return Promise.reject(reasonOf(signal));
  if (isWatched()) return watched().getWatched(handle, soul, options, read);
  return promised(handle, handle.get(soul, timeoutMs, fresh, undefined, asBody), signal, undefined, read);
}

/** Returns the answer unparsed, for `getRecordText`. */
function asIs(answer) {
  return answer;
}

/** Begins a batch. An empty batch has nothing to watch. */
function askMany(handle, souls, options) {
  const { signal, timeoutMs, fresh } = options;
  if (signal && signal.aborted) return Promise.reject(reasonOf(signal));
  if (souls.length > 0 && isWatched()) return watched().getManyWatched(handle, souls, options);
  return promised(handle, handle.getMany(souls, timeoutMs, fresh), signal, undefined, undefined, callSite(askMany));
}

/** Publishes an invalidation: of one soul, or of all if `soul` is undefined. */
function publishInvalidated({ lines: { relay } }, soul, removed) {
  cache.invalidate.publish({ soul, relay, removed });
}

/**
 * Resolves the references in the answers. The caller's own timeout covers all levels together, the client's covers each
 * request.
 */
async function withReferences(handle, call, souls, { signal, timeoutMs, fresh, resolveRefs }) {
  const began = performance.now();
  const askForChildren = (children) => {
    const remaining = timeoutMs && Math.max(1, Math.ceil(timeoutMs - (performance.now() - began)));
    return askMany(handle, children, { signal, timeoutMs: remaining, fresh });
  };
  handle.resolving += 1;
  try {
    const answers = await call;
    // Loaded with the first call that needs it.
    const whole = await require('./references').follow(answers, souls, resolveRefs, handle.maxBodyBytes(), askForChildren);
    if (signal && signal.aborted) throw reasonOf(signal);
    return whole;
  } finally {
    handle.resolving -= 1;
    if (handle.resolving === 0 && handle.whenResolved) handle.whenResolved();
  }
}

/** Closes a client when no call is between two levels of references: a closed addon would refuse the next level. */
function closing(handle) {
  if (handle.resolving === 0) return promised(handle, handle.close());
  handle.isClosing = true;
  return new Promise((resolve) => {
    handle.whenResolved = () => {
      handle.whenResolved = undefined;
      resolve(promised(handle, handle.close()));
    };
  });
}

/** The error of a call on a closing client, with the same text as the addon's. */
function closed(handle, soul) {
  const members = { code: 'ERR_GUN_CLOSED', soul: typeof soul === 'string' ? soul : undefined };
  return new GunError(`the client of relay ${handle.lines.relay} is closed`, members);
}

/** The only answer of a call for one soul. */
function only([answer]) {
  if (answer instanceof GunError) throw answer;
  return answer;
}

/** Opens the addon's part of a client and connects it with the logger. */
function attach(client, logger, open) {
  const method = logger && lineMethod(logger);
  const lines = { writeLine: (line, level) => logger && logger[level === 'log' ? method : level](line) };
  const handle = unwrapped(() => open(register(lines)));
  if (handle.hasFile()) writeAtExit();
  handle.get = handle.getter();
  lines.relay = handle.relay();
  // The receiver of the lines is registered weakly; the addon's part keeps it alive.
  handle.lines = lines;
  handle.resolving = 0;
  handle.isClosing = false;
  handle.recent = NONE_YET;
  hide(client, NATIVE, handle);
  for (const name of METHODS) hide(client, name, client[name].bind(client));
}

/** All figures of a client, for its metrics. */
function figuresOf(client) {
  return Object.assign(JSON.parse(client[NATIVE].metrics()), { relay: relayOf(client) });
}

/** The relay of a client as messages name it, without credentials; `undefined` if it is not a GunClient. */
function relayOf(client) {
  return client[NATIVE] && client[NATIVE].lines.relay;
}

/**
 * A record's bytes in the addon's memory, or null if it is missing: `{ length, read(max), release() }`. `read` returns the
 * next chunk, an empty one at the end. The memory is freed by `release` or by garbage collection.
 */
function bodyOf(client, soul, options) {
  try {
    const handle = client[NATIVE];
    const checked = Object.assign({}, callOptions(options, true), { asBody: true });
    if (handle.isClosing) throw closed(handle, soul);
    return ask(handle, soul, checked, asIs);
  } catch (error) {
    return Promise.reject(error);
  }
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

let shared;

/** The default client, created on first use. With an invalid environment, each use throws until it is corrected. */
function defaultClient() {
  if (shared === undefined) shared = openDefault();
  return shared;
}

/** This thread's handle of the client that the process shares. */
function openDefault() {
  const client = Object.create(GunClient.prototype);
  const variables = environment(native.variables());
  attach(client, loggerOfEnvironment(), (id) => dispatcher.openDefault(id, variables));
  return client;
}

// Loaded on demand: the builtins it needs are a tenth of the time of `require` on Node 18.
if (process.env.NODE_DEBUG) require('./debug-log').logWhereAsked();

module.exports = { GunClient, bodyOf, defaultClient, figuresOf, relayOf };
