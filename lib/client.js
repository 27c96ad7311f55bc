'use strict';

const { callOptions, clientOptions, environment, lineMethod, loggerOf, loggerOfEnvironment, show } = require('./arguments');
const { dispatcher, native, promised, register, writeAtExit } = require('./dispatch');
const { cache, isWatched } = require('./channels');
const { GunError, callSite, fromJson, hide, invalidArgument } = require('./error');
const { reasonOf } = require('./signals');

// Members that are nobody else's business; being symbols and hidden, they show up in no log and no copy.
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
      // N-API takes no array behind a proxy, as reactive stores hand them out; and the caller may change his.
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

/** What can be detached from a client, `const { getRecord } = client`: each client has these bound to itself. */
const METHODS = Object.getOwnPropertyNames(GunClient.prototype).filter((name) => name !== 'constructor');

if (Symbol.asyncDispose) hide(GunClient.prototype, Symbol.asyncDispose, GunClient.prototype.close);

let hasWarned = false;

/** Says once, as Node does for its own switch, that TLS protects from nobody who stands in between. */
function warnUnverified() {
  if (hasWarned) return;
  hasWarned = true;
  const message = 'a GunClient has rejectUnauthorized: false and takes any certificate for its relay: whoever stands between the two can read and change what they say';
  process.emitWarning(message, { code: 'GUN_TLS_UNVERIFIED' });
}

/** Loaded with the first call that somebody listens to: most programs have none, and load quicker for it. */
function watched() {
  return require('./diagnostics');
}

/** What a client remembers before it knows a soul to be missing: most programs load quicker without the rest. */
const NONE_YET = { has: () => false, add() {} };

/** Begins a call for one soul without options that nobody watches. */
function getPlain(handle, soul) {
  const begun = handle.get(soul);
  if (begun !== undefined) return promised(handle, begun);
  if (handle.recent === NONE_YET) handle.recent = require('./recent').recentOf(handle);
  else handle.recent.add(soul);
  return Promise.resolve(null);
}

/** Begins a call for one soul with its checked options, unless its signal was aborted before. */
function ask(handle, soul, options, read) {
  const { signal, timeoutMs, fresh, asBody } = options;
  if (signal && signal.aborted) return Promise.reject(reasonOf(signal));
  if (isWatched()) return watched().getWatched(handle, soul, options, read);
  return promised(handle, handle.get(soul, timeoutMs, fresh, undefined, asBody), signal, undefined, read);
}

/** Reads an answer as `getRecordText` gives it. */
function asIs(answer) {
  return answer;
}

/** The same for many. A batch without a soul has nothing to watch. */
function askMany(handle, souls, options) {
  const { signal, timeoutMs, fresh } = options;
  if (signal && signal.aborted) return Promise.reject(reasonOf(signal));
  if (souls.length > 0 && isWatched()) return watched().getManyWatched(handle, souls, options);
  return promised(handle, handle.getMany(souls, timeoutMs, fresh), signal, undefined, undefined, callSite(askMany));
}

/** Souls may be forgotten one by one or, where `soul` is undefined, all at once. */
function publishInvalidated({ lines: { relay } }, soul, removed) {
  cache.invalidate.publish({ soul, relay, removed });
}

/**
 * The answers with the records that they refer to. A timeout of the caller's own is that of all levels together; the
 * client's counts for each request, as ever.
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

/** Closes a client once no call is between two levels of references, whose next one the addon would refuse. */
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

/** What a new call fails with before the addon has been closed, in the addon's words. */
function closed(handle, soul) {
  const members = { code: 'ERR_GUN_CLOSED', soul: typeof soul === 'string' ? soul : undefined };
  return new GunError(`the client of relay ${handle.lines.relay} is closed`, members);
}

/** The one answer of a call for one soul. */
function only([answer]) {
  if (answer instanceof GunError) throw answer;
  return answer;
}

/** Opens the addon's side of a client and lets its log lines come to its logger. */
function attach(client, logger, open) {
  const method = logger && lineMethod(logger);
  const lines = { writeLine: (line, level) => logger && logger[level === 'log' ? method : level](line) };
  const handle = unwrapped(() => open(register(lines)));
  if (handle.hasFile()) writeAtExit();
  handle.get = handle.getter();
  lines.relay = handle.relay();
  // What receives the lines is registered weakly and lives as long as the addon's side does.
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
 * A record's bytes in the addon's memory, or null if it is missing: `{ length, read(max), release() }`. `read` gives the
 * next chunk, at the end an empty one. What is not released is freed when it is collected.
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

/** The default client, made on first use; a bad environment is told again at every use until it is mended. */
function defaultClient() {
  if (shared === undefined) shared = openDefault();
  return shared;
}

/** This thread's view of the client that the whole process shares. */
function openDefault() {
  const client = Object.create(GunClient.prototype);
  const variables = environment(native.variables());
  attach(client, loggerOfEnvironment(), (id) => dispatcher.openDefault(id, variables));
  return client;
}

// Loaded where it may be asked for: what it needs of Node costs Node 18 a tenth of the whole require.
if (process.env.NODE_DEBUG) require('./debug-log').logWhereAsked();

module.exports = { GunClient, bodyOf, defaultClient, figuresOf, relayOf };
