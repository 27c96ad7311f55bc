/**
 * Records from a GUN relay. A soul that the relay does not have is `null`; everything else that is not a record is a
 * {@link GunError}. Missing souls are remembered for a while, equal requests at the same time are one, and transient
 * failures are retried.
 *
 * The functions of this module share one client for the whole process, worker threads included. It is made on first use
 * from the environment; the options of {@link GunClientOptions} name their variables. A bad value there makes every one
 * of them fail with `ERR_GUN_INVALID_ARGUMENT`, which names the variable. An empty variable counts as unset.
 *
 * @packageDocumentation
 */

declare global {
  // As @types/node has it, for compilers whose `lib` is older.
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
}

/**
 * A record as the relay stores it. Its `data` and `oip`, where they are strings of JSON, are parsed; strings that are
 * not JSON are kept. All else reads as `JSON.parse` reads it. A nested object is another record and comes as a reference,
 * `{ '#': 'soul/field' }`.
 */
export interface GunRecord {
  [field: string]: unknown;
}

/**
 * Reads a record.
 *
 * Calls for the same soul at the same time share one request, and its failure; each gets an object of its own, free to
 * change.
 *
 * @param soul - Non-empty and well-formed (no lone surrogate), at most 4,096 bytes of UTF-8.
 * @returns The record, or `null` when the relay says that it has none. A failure is never `null`.
 * @throws {@link GunError}, always as a rejection, with any code but `ERR_GUN_BINARY_MISSING`; `signal.reason` when the
 * call is aborted.
 */
export function getRecord<T extends object = GunRecord>(soul: string, options?: GetOptions): Promise<T | null>;

/**
 * Reads many records at once: one crossing into native code for all of them, duplicates fetched once. It has the shape of
 * a batch function of `dataloader`: `new DataLoader(getRecords)`.
 *
 * @param souls - What {@link getRecord} takes. One that is not a soul is an error in its own place.
 * @returns One answer per soul, in order: the record, `null`, or the {@link GunError} of that soul.
 * @throws {@link GunError} as a rejection of the whole call: `ERR_GUN_INVALID_ARGUMENT` when `souls` is not an array or an
 * option is bad, `ERR_GUN_CLOSED` after `close`; `signal.reason` when the call is aborted.
 */
export function getRecords<T extends object = GunRecord>(
  souls: readonly string[],
  options?: GetOptions,
): Promise<Array<T | null | GunError>>;

/** What the negative cache and the requests came to so far: a snapshot, as an object of its own. */
export function cacheStats(): CacheStats;

/**
 * Forgets that a soul is missing. Call it after each put: from then on no answer to a request that began before is
 * remembered, or given to a caller who comes later.
 *
 * @returns Whether the soul was remembered as missing.
 * @throws {@link GunError} `ERR_GUN_INVALID_ARGUMENT` when it is not a soul.
 */
export function invalidate(soul: string): boolean;

/**
 * Forgets all missing souls, with the guarantee of {@link invalidate} for every soul.
 *
 * @returns How many were remembered.
 */
export function invalidateAll(): number;

/** A client of one relay, with a connection pool and a negative cache of its own. */
export class GunClient {
  /**
   * Opens nothing yet: connections are made as requests need them.
   *
   * @throws {@link GunError} `ERR_GUN_INVALID_ARGUMENT` naming the option, the value and what is allowed.
   */
  constructor(options?: GunClientOptions);

  /** See {@link getRecord}. Rejects with `ERR_GUN_CLOSED` after {@link close}. */
  getRecord<T extends object = GunRecord>(soul: string, options?: GetOptions): Promise<T | null>;

  /** See {@link getRecords}. Rejects with `ERR_GUN_CLOSED` after {@link close}. */
  getRecords<T extends object = GunRecord>(
    souls: readonly string[],
    options?: GetOptions,
  ): Promise<Array<T | null | GunError>>;

  /** See {@link cacheStats}. Works after {@link close} too. */
  cacheStats(): CacheStats;

  /** See {@link invalidate}. */
  invalidate(soul: string): boolean;

  /** See {@link invalidateAll}. */
  invalidateAll(): number;

  /**
   * Takes no new calls, lets those in flight settle, then ends sockets and timers. Closing again returns the same end.
   * A client that is merely idle keeps no process alive, closed or not.
   */
  close(): Promise<void>;

  /** The same as {@link close}, for `await using`. There from Node 18.18 on. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Options of one call. */
export interface GetOptions {
  /**
   * Ends this call: it rejects with `signal.reason`, as `fetch` does. Other callers of the same soul are not touched; the
   * request is cancelled when its last caller has left.
   */
  signal?: AbortSignalLike | null | undefined;

  /**
   * Time of this call in milliseconds, an integer from 1 to 2,147,483,647. It ends this call alone; others that
   * wait for the same soul keep their own time. It may be longer than the client's.
   *
   * @default the client's {@link GunClientOptions.timeoutMs}
   */
  timeoutMs?: number | undefined;

  /**
   * Asks the relay even when the soul is remembered as missing. A request for it that is on the wire already is shared
   * all the same.
   *
   * @default false
   */
  fresh?: boolean | undefined;

  /**
   * How many levels of references to follow, an integer from 0 to 8. GUN keeps a nested object as a node of its own and
   * writes `{"#": "soul/child"}` in its place; that is replaced by the child's record, at whatever place in the record.
   * A level is asked for at once, through the same cache, requests and bounds. A reference to a missing child stays as
   * it is, and so does one to a record that it stands in, or to what is no soul. A child that fails fails the answer it
   * stands in. One call follows 10,000 references at most; answers from which there are more fail with
   * `ERR_GUN_OVERLOADED`.
   *
   * @default 0
   */
  resolveRefs?: number | undefined;
}

/** What is used of an `AbortSignal`. The one of Node and browsers fits, and so do those of other realms. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: any;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Options of {@link GunClient}. One that is `undefined` has its default; others than these are ignored. */
export interface GunClientOptions {
  /**
   * Base URL of the relay, http or https, without query or fragment. A path is kept: `http://host/gun` is asked at
   * `http://host/gun/get`. `user:password@` becomes basic auth and shows up in no message.
   *
   * Environment: the first http(s) entry of `GUN_PEERS`, which is separated by commas.
   *
   * @default 'http://gun-relay:8765'
   */
  relayUrl?: string | undefined;

  /** The memory of missing souls. */
  cache?: CacheOptions | undefined;

  /**
   * Time of one HTTP exchange, from connect to last byte, in milliseconds: an integer from 1 to 2,147,483,647. A relay
   * over the npm package `gun` takes 3.0 s to say that it has no record.
   *
   * Environment: `GUN_ATTEMPT_TIMEOUT_MS`.
   *
   * @default 20000
   */
  attemptTimeoutMs?: number | undefined;

  /**
   * Time of a whole call in milliseconds, queueing, attempts and backoff together: an integer from 1 to 2,147,483,647.
   *
   * Environment: `GUN_TIMEOUT_MS`.
   *
   * @default 45000
   */
  timeoutMs?: number | undefined;

  /**
   * Attempts after the first, from 0 to 100. Only transient failures are tried again: a lost connection, no answer in
   * time, a body cut short, and the statuses 408, 425, 429, 500, 502, 503 and 504. `Retry-After` is waited for where it
   * fits `timeoutMs`; where it does not, the call fails at once. A 404 is never tried again.
   *
   * Environment: `GUN_RETRIES`.
   *
   * @default 2
   */
  retries?: number | undefined;

  /** Pauses between attempts: exponential, with full jitter. */
  backoff?: BackoffOptions | undefined;

  /**
   * How much may be tried again, so that a relay in trouble gets no storm of retries; `false` for no bound. A call that
   * may not be tried again fails at once with what it met, whatever {@link retries} allows.
   */
  retryBudget?: RetryBudgetOptions | false | undefined;

  /**
   * When a relay that does nothing but fail is left alone; `false` for never. Calls then fail at once with
   * `ERR_GUN_CIRCUIT_OPEN`, but for one now and then that is sent as a probe; the first proper answer ends it. A missing
   * soul is a proper answer. Souls known to be missing are still answered.
   */
  breaker?: BreakerOptions | false | undefined;

  /**
   * Most requests on the wire at a time, from 1 to 65,535. More wait in order.
   *
   * Environment: `GUN_MAX_IN_FLIGHT`.
   *
   * @default 64
   */
  maxInFlight?: number | undefined;

  /**
   * Most requests that wait for a place on the wire, from 0 to 10,000,000. One more fails at once with
   * `ERR_GUN_OVERLOADED`.
   *
   * @default 10000
   */
  maxQueue?: number | undefined;

  /**
   * Most bytes of an answer's body, from 1 to 536,870,888 (the longest string of V8). A larger one is not read to its
   * end: `ERR_GUN_BODY_TOO_LARGE`.
   *
   * @default 33554432
   */
  maxBodyBytes?: number | undefined;

  /**
   * Headers sent with every request: an object, or pairs as `Headers` and `Map` give them. Those that belong to HTTP
   * itself, such as `content-length` and `connection`, are refused. An `authorization` goes before that of `relayUrl`.
   *
   * @default {}
   */
  headers?: HeadersLike | undefined;

  /**
   * Certificates to trust in place of Mozilla's, in PEM, where `relayUrl` is https. A self-signed certificate that the relay
   * shows as its own may be among them. Without this option, those in the file that the environment variable
   * `NODE_EXTRA_CA_CERTS` names are trusted besides.
   *
   * Certificates must have the relay's name, or its address, as a subject alternative name.
   *
   * @default the roots of Mozilla's CA program, as in Node
   */
  ca?: Pem | undefined;

  /** The client's own certificate in PEM, with the chain after it, for a relay that asks for one. */
  cert?: Pem | undefined;

  /** The private key of {@link cert} in PEM, not encrypted: RSA, ECDSA or Ed25519. It shows up in no message. */
  key?: Pem | undefined;

  /**
   * `false` takes any certificate for the relay's: whoever stands between can read and change everything. It is warned of
   * once per process, by `process.emitWarning`. The variable `NODE_TLS_REJECT_UNAUTHORIZED` has no effect here.
   *
   * @default true
   */
  rejectUnauthorized?: boolean | undefined;

  /**
   * An HTTP proxy for every connection, `http://host:port`. Relays by http, too, are reached through a tunnel (CONNECT).
   * `user:password@` becomes basic auth and shows up in no message. The environment's `HTTP_PROXY` and the like have no
   * effect.
   *
   * @default none
   */
  proxy?: string | undefined;

  /**
   * Where the two log lines go, both by `log`; `false` for silence. A logger that throws breaks no call.
   *
   * Environment: `GUN_NATIVE_LOG`, `on` or `off`.
   *
   * @default console
   */
  logger?: Logger | false | undefined;

  /**
   * Calls between two stats lines, from 0 to `Number.MAX_SAFE_INTEGER`; 0 for none. Every call counts when it settles,
   * whatever its outcome, and so does each soul of a batch.
   *
   * @default 100
   */
  statsEvery?: number | undefined;

  /**
   * Time between two sweeps of expired entries in milliseconds, from 1 to 2,147,483,647. Its timer keeps no process
   * alive.
   *
   * Environment: `GUN_404_CACHE_SWEEP_MS`.
   *
   * @default 3600000
   */
  sweepEveryMs?: number | undefined;
}

/** The memory of missing souls. */
export interface CacheOptions {
  /**
   * Most souls that are remembered, from 0 to 10,000,000; 0 turns the memory off.
   *
   * Environment: `GUN_404_CACHE_SIZE`.
   *
   * @default 10000
   */
  capacity?: number | undefined;

  /**
   * How long a soul is remembered in milliseconds, from 1 to `Number.MAX_SAFE_INTEGER`. It is checked at every read, not
   * only by the sweep.
   *
   * Environment: `GUN_404_CACHE_TTL_MS`.
   *
   * @default 3600000
   */
  ttlMs?: number | undefined;
}

/** Pauses between attempts: each is drawn from 0 to a bound that doubles from `baseMs` to `maxMs`. */
export interface BackoffOptions {
  /**
   * Bound of the first pause in milliseconds, from 0 to 2,147,483,647.
   *
   * @default 200
   */
  baseMs?: number | undefined;

  /**
   * Bound of every pause in milliseconds, from 0 to 2,147,483,647. A `Retry-After` may be longer.
   *
   * @default 5000
   */
  maxMs?: number | undefined;
}

/**
 * A bucket of 200 retries, full at the start. Each retry takes one out; requests put theirs in, or time does where that is
 * more.
 */
export interface RetryBudgetOptions {
  /**
   * Retries for each request, from 0 to 1.
   *
   * @default 0.2
   */
  ratio?: number | undefined;

  /**
   * Retries for each second in which requests bring fewer: an integer from 0 to 1,000,000.
   *
   * @default 10
   */
  minPerSecond?: number | undefined;
}

/** When the circuit to the relay opens: both bounds must be reached, and any proper answer starts them anew. */
export interface BreakerOptions {
  /**
   * Transient failures in a row, each attempt being one: an integer from 1 to 1,000,000. What counts is what would be
   * retried, and a request without an answer when the client's `timeoutMs` is over. A caller that aborts, or whose own
   * `timeoutMs` ends, counts for nothing.
   *
   * @default 50
   */
  failures?: number | undefined;

  /**
   * How long they last at least, in milliseconds, from 0 to 2,147,483,647: a moment's failures, such as those of a
   * restart, are no outage. The time that the relay kept the first one waiting is part of it.
   *
   * @default 1000
   */
  afterMs?: number | undefined;

  /**
   * Time between two probes in milliseconds, from 1 to 2,147,483,647. A probe is a call like any other and has its
   * time; the next one does not wait for it.
   *
   * @default 1000
   */
  probeEveryMs?: number | undefined;
}

/** Text in PEM: as it is, in a buffer, or in several. */
export type Pem = string | Uint8Array | readonly (string | Uint8Array)[];

/** Names and values of headers. */
export type HeadersLike = { readonly [name: string]: string | undefined } | Iterable<readonly [string, string]>;

/** What takes the log lines; `console` fits. All three methods must be there. */
export interface Logger {
  log(line: string): unknown;
  warn(line: string): unknown;
  error(line: string): unknown;
}

/** What the negative cache and the requests came to. Counts only grow; `size`, `inFlight` and `queued` are of now. */
export interface CacheStats {
  /** Calls answered from the cache. */
  hits: number;
  /** Calls that began; each soul of a batch is one. Calls with bad arguments or on a closed client never begin. */
  total: number;
  /** `hits / total`, 0 when there was no call. */
  hitRate: number;
  /** Souls that are remembered as missing now, expired ones included until a read or a sweep finds them. */
  size: number;
  /** Most souls that are remembered. */
  capacity: number;
  /** How long a soul is remembered, in milliseconds. */
  ttlMs: number;
  /** Entries made. `inserts - evictions - expirations - invalidations` is `size`. */
  inserts: number;
  /** Entries pushed out by newer ones. */
  evictions: number;
  /** Entries found past their life, by a read or a sweep. */
  expirations: number;
  /** Entries forgotten by `invalidate` and `invalidateAll`, or because the relay has the record now. */
  invalidations: number;
  requests: RequestStats;
}

/** What became of requests. A request that is tried again is one request, sent more than once. */
export interface RequestStats {
  /** What went on the wire, each attempt once. */
  sent: number;
  /** Calls that joined a request already under way. */
  coalesced: number;
  /** Attempts after the first. */
  retried: number;
  /** On the wire now. */
  inFlight: number;
  /** Waiting now. */
  queued: number;
  /** Requests that brought a record. */
  found: number;
  /** Requests for souls that the relay does not have. */
  missing: number;
  /** Requests that failed, by code; codes that never occurred are left out. */
  failed: { [code in GunErrorCode]?: number };
  /**
   * Milliseconds that half of all attempts took at most, each from its place on the wire to the last byte or to its
   * failure. Attempts are counted in fixed buckets from 1 ms to 45 s, close together around the relay's 3 s; within one
   * they are taken as evenly spread. 45,000 stands for anything longer, 0 for no attempt yet.
   */
  p50: number;
  /** The same for nine in ten. */
  p90: number;
  /** The same for 99 in 100. */
  p99: number;
}

/**
 * What the channels `gun-native:request:start`, `:retry`, `:end` and `:error` of `diagnostics_channel` publish. A request
 * is here what its caller sees: a call, or one soul of a batch or of a level of references, that was not known to be
 * missing. It starts once and ends once, by `end` or by `error`. The same object goes with it all the way and gains
 * members as they become known, each event comes in the asynchronous context of the call.
 */
export interface RequestEvent {
  /** What was asked for. */
  readonly soul: string;
  /** The relay, without credentials. */
  readonly relay: string;
  /** Attempts so far. Those of a call that was aborted are known from its retries alone. */
  readonly attempts?: number;
  /** From `retry` on: why the last attempt failed, and the pause before the next one in milliseconds. */
  readonly retry?: { readonly error: GunError; readonly delayMs: number };
  /** At the end: whether another call had begun the request. */
  readonly coalesced?: boolean;
  /** At the end: the HTTP status of the last answer, where there was one. */
  readonly status?: number;
  /** At the end: time since the call began, in milliseconds. */
  readonly durationMs?: number;
  /** At `end`. */
  readonly outcome?: 'found' | 'missing';
  /** At `error`: what the call rejects with, a {@link GunError} or the `reason` of its signal. */
  readonly error?: unknown;
}

/**
 * What `gun-native:cache:hit`, `:insert` and `:invalidate` publish: a call was answered from the memory of missing souls, a
 * soul was remembered, one was forgotten.
 */
export interface CacheEvent {
  /** Undefined when all were forgotten. */
  readonly soul: string | undefined;
  /** The relay, without credentials. */
  readonly relay: string;
  /** At `invalidate`: how many were forgotten; 0 when the soul was not remembered. */
  readonly removed?: number;
}

/** What `gun-native:cache:sweep` publishes when a sweep removed something. */
export interface SweepEvent {
  /** The relay, without credentials. */
  readonly relay: string;
  /** Entries that were past their life. */
  readonly removed: number;
  /** Entries left. */
  readonly remain: number;
}

/**
 * What went wrong.
 *
 * - `ERR_GUN_INVALID_ARGUMENT`: a soul, an option or a variable of the environment is not what it must be.
 * - `ERR_GUN_CONNECT`: refused, reset, closed early, or a name that does not resolve.
 * - `ERR_GUN_TIMEOUT`: no answer in time.
 * - `ERR_GUN_STATUS`: an HTTP status that is neither a record nor a missing soul; see {@link GunError.status}.
 * - `ERR_GUN_BAD_RESPONSE`: a 200 that cannot be read.
 * - `ERR_GUN_BODY_TOO_LARGE`: a 200 with more than `maxBodyBytes`.
 * - `ERR_GUN_OVERLOADED`: `maxQueue` requests wait already, or there are more references than a call follows.
 * - `ERR_GUN_CIRCUIT_OPEN`: the relay has done nothing but fail and was not asked; see {@link GunClientOptions.breaker}.
 *   `cause` is that of the last failure, where it has one.
 * - `ERR_GUN_CLOSED`: the client was closed before the call.
 * - `ERR_GUN_BINARY_MISSING`: thrown by loading the package on a platform that it has no binary for. The message says
 *   what was looked for, and how to build it.
 */
export type GunErrorCode =
  | 'ERR_GUN_INVALID_ARGUMENT'
  | 'ERR_GUN_CONNECT'
  | 'ERR_GUN_TIMEOUT'
  | 'ERR_GUN_STATUS'
  | 'ERR_GUN_BAD_RESPONSE'
  | 'ERR_GUN_BODY_TOO_LARGE'
  | 'ERR_GUN_OVERLOADED'
  | 'ERR_GUN_CIRCUIT_OPEN'
  | 'ERR_GUN_CLOSED'
  | 'ERR_GUN_BINARY_MISSING';

/**
 * What every failed call rejects with. The message says what happened, to which relay and soul, after how many attempts
 * and how long: `relay http://gun-relay:8765 answered 503 for soul "oip:registry" (3 attempts in 1.2 s)`. It holds no
 * credential, and nothing that could break a line of a log.
 */
export class GunError extends Error {
  private constructor();

  readonly name: 'GunError';

  /** What kind of failure it is. Match on this, not on the message. */
  readonly code: GunErrorCode;

  /** The soul that was asked for, whole; `undefined` when the failure is not about one. */
  readonly soul: string | undefined;

  /** The HTTP status, when the code is `ERR_GUN_STATUS`. */
  readonly status?: number;

  /** Requests that were sent for the call; 0 when none was. */
  readonly attempts: number;

  /** Whether the same call may succeed later with nothing changed but time. */
  readonly retryable: boolean;

  /** What lies beneath. That of a lost connection has the system's `code`, such as `ECONNREFUSED`, where there is one. */
  readonly cause?: unknown;
}
