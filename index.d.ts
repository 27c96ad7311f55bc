/**
 * Reads records from a GUN relay. A missing record is `null`; every failure is a {@link GunError}. Missing souls are cached,
 * concurrent calls for one soul share one request, and transient failures are retried.
 *
 * The functions of this module share one client per process, worker threads included. It is created on first use from the
 * environment; {@link GunClientOptions} names the variables. While a variable is invalid, each of these functions fails with
 * `ERR_GUN_INVALID_ARGUMENT`, and the message names the variable. An empty variable counts as unset.
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
 * A record as the relay stores it. `data` and `oip` are parsed if they are strings of JSON, and kept otherwise. Everything
 * else reads as `JSON.parse` reads it. A nested object is a record of its own and appears as a reference,
 * `{ '#': 'soul/field' }`; see {@link GetOptions.resolveRefs}.
 */
export interface GunRecord {
  [field: string]: unknown;
}

/**
 * Reads a record.
 *
 * Concurrent calls for one soul share one request, and its failure. Each caller gets its own object and may change it.
 *
 * @param soul - Non-empty and well-formed (no lone surrogate), at most 4,096 bytes of UTF-8.
 * @returns The record, or `null` if the relay has none. A failure is never `null`.
 * @throws {@link GunError}, always as a rejection, with any code except `ERR_GUN_BINARY_MISSING` and `ERR_GUN_CACHE_STORE`;
 * `signal.reason` if the call is aborted.
 * @example
 * const record = await getRecord('oip:registry', { timeoutMs: 5_000 });
 */
export function getRecord<T extends object = GunRecord>(soul: string, options?: GetOptions): Promise<T | null>;

/**
 * Reads many records at once, with one call into native code; duplicates are fetched once. A batch may have any size.
 *
 * @param souls - As for {@link getRecord}. An invalid soul is an error in its own place.
 * @returns One answer per soul, in order: the record, `null`, or the {@link GunError} of that soul. {@link isRecord} and
 * {@link isGunError} tell them apart.
 * @throws {@link GunError} as a rejection of the whole call: `ERR_GUN_INVALID_ARGUMENT` if `souls` is not an array or an
 * option is invalid, `ERR_GUN_CLOSED` after `close`; `signal.reason` if the call is aborted.
 * @example
 * const records = (await getRecords(['a', 'b'])).filter(isRecord);
 */
export function getRecords<T extends object = GunRecord>(
  souls: readonly string[],
  options?: GetOptions,
): Promise<Array<T | null | GunError>>;
/** The same as the batch function of `dataloader`: `new DataLoader(getRecords)` infers `DataLoader<string, GunRecord | null>`. */
export function getRecords(souls: readonly string[], options?: GetOptions): Promise<Array<GunRecord | null | Error>>;

/**
 * Reads a record as text: the JSON that {@link getRecord} would parse. Nothing is parsed on the main thread.
 *
 * @param soul - As for {@link getRecord}.
 * @returns The text, or `null` if the relay has no record.
 * @throws As {@link getRecord}.
 * @example
 * const text = await getRecordText('oip:registry');
 * if (text !== null) fs.writeFileSync('registry.json', text);
 */
export function getRecordText(soul: string, options?: GetTextOptions): Promise<string | null>;

/**
 * Cache and request counters since the client was created. Each call returns a new object.
 *
 * @example
 * const { hitRate, requests } = cacheStats();
 */
export function cacheStats(): CacheStats;

/**
 * Forgets everything known about a soul. Call it after each put: from then on, answers to requests that started earlier are
 * neither cached nor given to later callers.
 *
 * @returns Whether the soul was cached as missing.
 * @throws {@link GunError} `ERR_GUN_INVALID_ARGUMENT` if the soul is invalid.
 * @example
 * await put(soul, record);
 * invalidate(soul);
 */
export function invalidate(soul: string): boolean;

/**
 * Forgets everything known about every soul, with the guarantee of {@link invalidate}.
 *
 * @returns How many souls were cached as missing.
 */
export function invalidateAll(): number;

/**
 * Whether an answer of {@link getRecords} is a record, that is, neither `null` nor an error. Also works for errors of another
 * copy of the package.
 */
export function isRecord<A>(answer: A): answer is Exclude<A, null | undefined | Error>;

/**
 * Whether a value is a {@link GunError} of this or another copy of the package. `instanceof` only works for the same copy.
 *
 * @example
 * const failed = (await getRecords(souls)).filter(isGunError);
 */
export function isGunError(value: unknown): value is GunError;

/**
 * A client of one relay, with its own connection pool and caches. Methods can be detached:
 * `const { getRecord } = client`.
 *
 * @example
 * const client = new GunClient({ relayUrl: 'http://localhost:8765', cache: { ttlMs: 60_000 } });
 * const record = await client.getRecord('oip:registry');
 * await client.close();
 */
export class GunClient {
  /**
   * Connects to nothing yet: connections are opened when requests need them. An unknown option emits a process warning that
   * suggests the closest name.
   *
   * @throws {@link GunError} `ERR_GUN_INVALID_ARGUMENT` with the option's name, its value and what is allowed.
   */
  constructor(options?: GunClientOptions);

  /** See {@link getRecord}. Rejects with `ERR_GUN_CLOSED` after {@link close}. */
  getRecord<T extends object = GunRecord>(this: void, soul: string, options?: GetOptions): Promise<T | null>;

  /** See {@link getRecords}. Rejects with `ERR_GUN_CLOSED` after {@link close}. */
  getRecords<T extends object = GunRecord>(
    this: void,
    souls: readonly string[],
    options?: GetOptions,
  ): Promise<Array<T | null | GunError>>;
  /** The same as the batch function of `dataloader`. */
  getRecords(this: void, souls: readonly string[], options?: GetOptions): Promise<Array<GunRecord | null | Error>>;

  /** See {@link getRecordText}. Rejects with `ERR_GUN_CLOSED` after {@link close}. */
  getRecordText(this: void, soul: string, options?: GetTextOptions): Promise<string | null>;

  /** See {@link cacheStats}. Works after {@link close} too. */
  cacheStats(this: void): CacheStats;

  /** See {@link invalidate}. */
  invalidate(this: void, soul: string): boolean;

  /** See {@link invalidateAll}. */
  invalidateAll(this: void): number;

  /**
   * Resolves when all invalidations so far have reached the shared store ({@link CacheOptions.url}); at once if there is
   * none.
   *
   * @throws {@link GunError} `ERR_GUN_CACHE_STORE`, as a rejection, if that cannot be confirmed.
   * @example
   * client.invalidate(soul);
   * await client.flushed(); // other processes no longer read the old entry from the store
   */
  flushed(this: void): Promise<void>;

  /**
   * Accepts no new calls, lets calls in flight settle, all levels of `resolveRefs` included, then closes sockets and timers.
   * Calling it again returns the same promise. An idle client does not keep the process alive, closed or not.
   */
  close(this: void): Promise<void>;

  /** The same as {@link close}, for `await using`. From Node 18.18 on. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Options of {@link getRecordText}. */
export interface GetTextOptions {
  /**
   * Aborts this call: it rejects with `signal.reason`, as `fetch` does, or with an `AbortError` if the signal has none. Other
   * callers of the same soul are not affected; the request is cancelled when its last caller leaves.
   */
  signal?: AbortSignalLike | null | undefined;

  /**
   * Timeout of this call in milliseconds, an integer from 1 to 2,147,483,647. It counts everything, time in the queue
   * included, and may be longer than the client's. Others who wait for the same soul keep their own.
   *
   * @default the client's {@link GunClientOptions.queueTimeoutMs} and {@link GunClientOptions.timeoutMs}
   */
  timeoutMs?: number | undefined;

  /**
   * Asks the relay even if the soul is cached. A request for it that is in flight is shared all the same.
   *
   * @default false
   */
  fresh?: boolean | undefined;
}

/** Options of {@link getRecord} and {@link getRecords}. An unknown option emits a process warning, once per name. */
export interface GetOptions extends GetTextOptions {
  /**
   * How many levels of references to follow, an integer from 0 to 8. GUN stores a nested object as a node of its own and
   * writes `{"#": "soul/child"}` in its place; this replaces each reference by the child's record. A level is one batch: its
   * requests use the same caches and limits. References to missing records, cycles and invalid souls are left unchanged. If
   * fetching a child fails, the whole answer fails.
   *
   * An answer that has more than 100,000 references fails with `ERR_GUN_OVERLOADED`, and one whose resolved references add up
   * to more than `maxBodyBytes` of text with `ERR_GUN_BODY_TOO_LARGE`. Both limits hold for all answers of a batch together.
   *
   * @default 0
   */
  resolveRefs?: number | undefined;
}

/** The part of AbortSignal used here. Those of Node, browsers, polyfills and other realms fit. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: any;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** The part of `URL` used here. */
export interface UrlLike {
  readonly href: string;
  readonly protocol: string;
  readonly searchParams: object;
}

/** Options of {@link GunClient}. An option that is `undefined` has its default. */
export interface GunClientOptions {
  /**
   * Base URL of the relay, http or https, without query or fragment. A path prefix is kept: `http://host/gun` is asked at
   * `http://host/gun/get`. `user:password@` becomes basic auth and appears in no message.
   *
   * Environment: the first http(s) entry of `GUN_PEERS`, a comma-separated list; if there is none, its first entry
   * `ws(s)://host[:port]/gun`, read as `http(s)://host[:port]`.
   *
   * @default 'http://gun-relay:8765'
   */
  relayUrl?: string | UrlLike | undefined;

  /**
   * Relays to ask, in order, if the request to the first one ends in a transient failure or its circuit is open. A fallback
   * can turn a failure into a record, never into `null`: if no fallback has the record, the call fails with the first relay's
   * error.
   *
   * Environment: `GUN_FALLBACK_RELAYS`, a comma-separated list.
   *
   * @default none
   */
  fallbackUrls?: readonly (string | UrlLike)[] | undefined;

  /** The cache of missing souls. */
  cache?: CacheOptions | undefined;

  /** The cache of found records, off by default. */
  records?: RecordsOptions | undefined;

  /**
   * Timeout of one HTTP exchange in milliseconds, from connect to last byte: an integer from 1 to 2,147,483,647. A relay
   * over the npm package `gun` takes 3.0 s to report a missing record.
   *
   * Environment: `GUN_ATTEMPT_TIMEOUT_MS`.
   *
   * @default 20000
   */
  attemptTimeoutMs?: number | undefined;

  /**
   * Timeout of one connection attempt in milliseconds, from 1 to 2,147,483,647. The addresses of a host name share it.
   *
   * @default 5000
   */
  connectTimeoutMs?: number | undefined;

  /**
   * Timeout of one request in milliseconds, all attempts and backoff together: an integer from 1 to 2,147,483,647. It starts
   * when the request gets its permit; time in the queue counts against {@link queueTimeoutMs} only.
   *
   * Environment: `GUN_TIMEOUT_MS`.
   *
   * @default 45000
   */
  timeoutMs?: number | undefined;

  /**
   * Longest wait of a single call for a permit in milliseconds, from 1 to 2,147,483,647; then it fails with
   * `ERR_GUN_TIMEOUT`. Souls that a batch still holds back do not count as waiting.
   *
   * Environment: `GUN_QUEUE_TIMEOUT_MS`.
   *
   * @default 120000
   */
  queueTimeoutMs?: number | undefined;

  /**
   * Attempts after the first, from 0 to 100. Only transient failures are retried: a lost connection, a timeout, a truncated
   * body, and the statuses 408, 425, 429, 500, 502, 503 and 504. `Retry-After` is honoured if it fits {@link timeoutMs};
   * otherwise the call fails at once. A 404 is never retried.
   *
   * Environment: `GUN_RETRIES`.
   *
   * @default 2
   */
  retries?: number | undefined;

  /** Pauses between attempts: exponential, with full jitter. */
  backoff?: BackoffOptions | undefined;

  /**
   * Limits retries, so that a failing relay is not overloaded by them; `false` for no limit. Without budget, a call fails at
   * once with its last error, even if {@link retries} would allow another attempt.
   */
  retryBudget?: RetryBudgetOptions | false | undefined;

  /**
   * Circuit breaker; `false` for none. While the relay only fails, calls fail at once with `ERR_GUN_CIRCUIT_OPEN`, except for
   * periodic probes; the first proper answer closes the circuit. A missing soul is a proper answer. Souls cached as missing
   * are still answered.
   */
  breaker?: BreakerOptions | false | undefined;

  /**
   * Concurrent requests to the relay, from 1 to 65,535. Further ones wait in order.
   *
   * Environment: `GUN_MAX_IN_FLIGHT`.
   *
   * @default 256
   */
  maxInFlight?: number | undefined;

  /**
   * Single calls that may wait for a permit, from 0 to 10,000,000. One more fails at once with `ERR_GUN_OVERLOADED`. Batches
   * are not limited.
   *
   * @default 10000
   */
  maxQueue?: number | undefined;

  /**
   * Maximum bytes of an answer's body, from 1 to 536,870,888 (the longest string of V8). Larger bodies fail with
   * `ERR_GUN_BODY_TOO_LARGE` and are not read to the end. It also limits the text of resolved references, see
   * {@link GetOptions.resolveRefs}.
   *
   * Environment: `GUN_MAX_BODY_BYTES`.
   *
   * @default 268435456
   */
  maxBodyBytes?: number | undefined;

  /**
   * Maximum bytes of answers that were read but not yet delivered to JavaScript, from 1 to `Number.MAX_SAFE_INTEGER`. Beyond
   * it, reading pauses.
   *
   * @default 268435456
   */
  maxBufferedBytes?: number | undefined;

  /**
   * Headers sent with every request: an object, or pairs as `Headers` and `Map` give them. Headers that belong to HTTP itself,
   * such as `content-length` and `connection`, and `accept-encoding` are rejected. An `authorization` takes precedence over
   * that of {@link relayUrl}.
   *
   * @default {}
   */
  headers?: HeadersLike | undefined;

  /**
   * CA certificates in PEM to trust instead of Mozilla's, for https. A self-signed certificate of the relay may be among
   * them. Without this option, the certificates in the file that the environment variable `NODE_EXTRA_CA_CERTS` names are
   * trusted too.
   *
   * Certificates must have the relay's name, or its address, as a subject alternative name.
   *
   * @default the roots of Mozilla's CA program, as in Node
   */
  ca?: Pem | undefined;

  /** The client's certificate in PEM, followed by its chain, for a relay that requests one. */
  cert?: Pem | undefined;

  /** The private key of {@link cert} in PEM, not encrypted: RSA, ECDSA or Ed25519. It appears in no message. */
  key?: Pem | undefined;

  /**
   * `false` accepts any certificate: anyone between client and relay can read and change everything. A process warning says
   * so once. The variable `NODE_TLS_REJECT_UNAUTHORIZED` has no effect here.
   *
   * @default true
   */
  rejectUnauthorized?: boolean | undefined;

  /**
   * An HTTP proxy for every connection, `http://host:port`: it forwards to http relays and tunnels (CONNECT) to https relays.
   * `user:password@` becomes basic auth and appears in no message. `HTTP_PROXY` and similar variables have no effect.
   *
   * @default none
   */
  proxy?: string | UrlLike | undefined;

  /**
   * Receives log lines; `false` disables logging. A logger that throws does not affect calls. Loggers of pino, winston
   * and others work: lines go to `log`, or to `info` if there is no `log` or if it takes a level first.
   *
   * Environment: `GUN_NATIVE_LOG`: `on`, `true` or `1`, `off`, `false` or `0`.
   *
   * @default console
   */
  logger?: Logger | InfoLogger | false | undefined;

  /**
   * Calls between two stats lines, from 0 to `Number.MAX_SAFE_INTEGER`; 0 for none. Every call counts when it settles,
   * whatever its outcome, and so does each soul of a batch.
   *
   * @default 100
   */
  statsEvery?: number | undefined;

  /**
   * Interval between two sweeps of expired entries in milliseconds, from 1 to 2,147,483,647. Its timer does not keep the
   * process alive.
   *
   * Environment: `GUN_404_CACHE_SWEEP_MS`.
   *
   * @default 3600000
   */
  sweepEveryMs?: number | undefined;
}

/** The cache of missing souls. */
export interface CacheOptions {
  /**
   * Maximum entries, from 0 to 10,000,000; 0 disables the cache.
   *
   * Environment: `GUN_404_CACHE_SIZE`.
   *
   * @default 10000
   */
  capacity?: number | undefined;

  /**
   * TTL of an entry in milliseconds, from 1 to `Number.MAX_SAFE_INTEGER`. It is checked on every read, not only by the
   * sweep.
   *
   * Environment: `GUN_404_CACHE_TTL_MS`.
   *
   * @default 3600000
   */
  ttlMs?: number | undefined;

  /**
   * TTL of a soul's first 404 in milliseconds, from 1 to `Number.MAX_SAFE_INTEGER`. It doubles with each further 404, up to
   * {@link ttlMs}. For relays that others write to.
   *
   * Environment: `GUN_404_CACHE_FIRST_TTL_MS`.
   *
   * @default ttlMs
   */
  firstTtlMs?: number | undefined;

  /**
   * Refresh-ahead: an entry that is read in the last tenth of its TTL is fetched again in the background, once. Refreshes use
   * at most an eighth of the permits, and none while callers wait or the circuit is open.
   *
   * Environment: `GUN_404_CACHE_REFRESH`, `on` or `off`.
   *
   * @default true
   */
  refresh?: boolean | undefined;

  /**
   * Path of a file that keeps the entries across restarts. If it is missing or damaged, the cache starts empty. An
   * {@link invalidate} is on disk before it returns. One process per file; a second one runs without it.
   *
   * Environment: `GUN_404_CACHE_FILE`.
   *
   * @default none
   */
  file?: string | undefined;

  /**
   * A Valkey or Redis server that shares the entries between processes:
   * `redis[s]://` or `valkey[s]://[user:password@]host[:port][/db]`. Without it, calls continue as if there were none.
   *
   * Environment: `GUN_404_CACHE_URL`.
   *
   * @default none
   */
  url?: string | UrlLike | undefined;

  /**
   * Name of the shared entries. Clients of one relay must have the same, and clients of different relays different ones.
   *
   * Environment: `GUN_404_CACHE_NAMESPACE`.
   *
   * @default none: derived from the relay's URL
   */
  namespace?: string | undefined;
}

/** The cache of found records' text, limited in bytes. `invalidate` removes entries. */
export interface RecordsOptions {
  /**
   * TTL of a record in milliseconds, from 0 to `Number.MAX_SAFE_INTEGER`; 0 disables the cache.
   *
   * Environment: `GUN_RECORD_CACHE_TTL_MS`.
   *
   * @default 0
   */
  ttlMs?: number | undefined;

  /**
   * Maximum bytes of all cached records, from 0 to `Number.MAX_SAFE_INTEGER`.
   *
   * @default 67108864
   */
  maxBytes?: number | undefined;

  /**
   * How long after its expiry a record is still returned if the relay fails, in milliseconds, from 0 to
   * `Number.MAX_SAFE_INTEGER`. 0: never.
   *
   * @default 0
   */
  staleIfErrorMs?: number | undefined;
}

/** Pauses between attempts: each is random, from 0 to a bound that doubles from `baseMs` to `maxMs`. */
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

/** Token bucket of 200. A retry takes one; requests or seconds refill it, whichever gives more. */
export interface RetryBudgetOptions {
  /**
   * Retries per request, from 0 to 1.
   *
   * @default 0.2
   */
  ratio?: number | undefined;

  /**
   * Minimum retries per second, if `ratio` allows fewer: an integer from 0 to 1,000,000.
   *
   * @default 10
   */
  minPerSecond?: number | undefined;
}

/** When the circuit to the relay opens: both limits must be reached, and any proper answer resets them. */
export interface BreakerOptions {
  /**
   * Consecutive failures, an integer from 1 to 1,000,000. Counts every retryable failure and every request still unanswered
   * at the client's `timeoutMs`; failures that end at the same moment count as one. A caller that aborts, or whose own
   * `timeoutMs` ends, does not count.
   *
   * @default 50
   */
  failures?: number | undefined;

  /**
   * Minimum duration of the failure streak in milliseconds, from 0 to 2,147,483,647, so that a restart of the relay does not
   * open the circuit. It includes the time that the first failure took.
   *
   * @default 1000
   */
  afterMs?: number | undefined;

  /**
   * Interval between two probes in milliseconds, from 1 to 2,147,483,647. A probe is an ordinary call; the next one does not
   * wait for it.
   *
   * @default 1000
   */
  probeEveryMs?: number | undefined;
}

/** Text in PEM: a string, bytes, or several of them. */
export type Pem = string | Uint8Array | readonly (string | Uint8Array)[];

/** Names and values of headers. */
export type HeadersLike = { readonly [name: string]: string | undefined } | Iterable<readonly [string, string]>;

/** A logger like `console`. */
export interface Logger {
  log(line: string): unknown;
  warn(line: string): unknown;
  error(line: string): unknown;
}

/** A logger with `info` in place of `log`, like those of pino and winston. */
export interface InfoLogger {
  info(line: string): unknown;
  warn(line: string): unknown;
  error(line: string): unknown;
}

/**
 * Cache and request counters since the client was created. All are cumulative, except `size`, `inFlight`, `queued`, `breaker`
 * and the sizes in `records`, which are current.
 */
export interface CacheStats {
  /** Calls answered from the cache of missing souls. */
  hits: number;
  /** All calls; each soul of a batch is one. Calls with invalid arguments or on a closed client are not counted. */
  total: number;
  /** `hits / total`, 0 if there was no call. */
  hitRate: number;
  /** Souls cached as missing now; expired ones count until a read or a sweep finds them. */
  size: number;
  /** Maximum entries. */
  capacity: number;
  /** TTL of an entry, in milliseconds. */
  ttlMs: number;
  /** Entries added. `inserts - evictions - expirations - invalidations` is `size`. */
  inserts: number;
  /** Entries removed to make space for newer ones. */
  evictions: number;
  /** Expired entries removed by a read or a sweep. */
  expirations: number;
  /** Entries removed by `invalidate` and `invalidateAll`, or because the relay has the record now. */
  invalidations: number;
  requests: RequestStats;
  breaker: BreakerStats;
  /** Only with {@link CacheOptions.file} or {@link CacheOptions.url}. */
  store?: StoreStats;
  /** Only with {@link RecordsOptions.ttlMs}. */
  records?: RecordStats;
}

/** Counters of requests. A request that is retried is one request, sent more than once. */
export interface RequestStats {
  /** Attempts sent to the relay. */
  sent: number;
  /** Calls that joined a request in flight. */
  coalesced: number;
  /** Attempts after the first. */
  retried: number;
  /** Requests with a permit now. */
  inFlight: number;
  /** Requests that wait for a permit now. */
  queued: number;
  /** Requests that ended with a record. */
  found: number;
  /** Requests for missing souls. */
  missing: number;
  /** Failed requests by code; codes that never occurred are left out. */
  failed: { [code in GunErrorCode]?: number };
  /** Requests made ahead of an entry's expiry, see {@link CacheOptions.refresh}. */
  refreshed: number;
  /**
   * Median attempt time in milliseconds, from permit to last byte or failure. Attempts are counted in fixed buckets from 1 ms
   * to 45 s, narrow around the relay's 3 s, and interpolated within a bucket. 45,000 stands for anything longer, 0 for no
   * attempt yet.
   */
  p50: number;
  /** 90th percentile. */
  p90: number;
  /** 99th percentile. */
  p99: number;
}

/** State of the circuit to the relay. */
export interface BreakerStats {
  /** `open`: calls fail at once with `ERR_GUN_CIRCUIT_OPEN`. */
  state: 'closed' | 'open';
  /** Time in this state, in milliseconds. */
  sinceMs: number;
  /** The last failure of the streak, as a sentence; `null` if there is none. */
  lastError: string | null;
}

/** State of the store behind the cache of missing souls. */
export interface StoreStats {
  /** `file`: {@link CacheOptions.file}; `shared`: {@link CacheOptions.url}. */
  kind: 'file' | 'shared';
  /** Whether it is in use now. */
  connected: boolean;
  /** Entries loaded from it at the start. */
  loaded: number;
  /** Calls answered with what another process learned. */
  hits: number;
  /** Failed operations. */
  errors: number;
}

/** The cache of found records. */
export interface RecordStats {
  /** Calls answered from it; stale records do not count. */
  hits: number;
  /** Records in it now. */
  size: number;
  /** Bytes of their text. */
  bytes: number;
  /** Expired records that were returned because the relay failed. */
  stale: number;
}

/**
 * What the channels `gun-native:request:start`, `:retry`, `:end` and `:error` of `diagnostics_channel` publish. A request is
 * here what its caller sees: a call, or one soul of a batch or of a level of references, that was not answered from the
 * cache. It starts once and ends once, with `end` or `error`. All its events have the same object, which gains members as they
 * become known, and are published in the asynchronous context of the call.
 */
export interface RequestEvent {
  /** The soul requested. */
  readonly soul: string;
  /** The relay, without credentials. */
  readonly relay: string;
  /** Attempts so far. For aborted calls, only retries are counted. */
  readonly attempts?: number;
  /** From `retry` on: why the last attempt failed, and the pause before the next one in milliseconds. */
  readonly retry?: { readonly error: GunError; readonly delayMs: number };
  /** At the end: whether the call joined a request in flight. */
  readonly coalesced?: boolean;
  /** At the end: the HTTP status of the last answer, if there was one. */
  readonly status?: number;
  /** At the end: time since the call began, in milliseconds. */
  readonly durationMs?: number;
  /** At `end`. */
  readonly outcome?: 'found' | 'missing';
  /** At `error`: what the call rejects with, a {@link GunError} or the `reason` of its signal. */
  readonly error?: unknown;
}

/**
 * What `gun-native:cache:hit`, `:insert` and `:invalidate` publish: a call was answered from the cache of missing souls, an
 * entry was added, an entry was removed.
 */
export interface CacheEvent {
  /** Undefined if all entries were removed. */
  readonly soul: string | undefined;
  /** The relay, without credentials. */
  readonly relay: string;
  /** At `invalidate`: how many entries were removed; 0 if the soul was not cached. */
  readonly removed?: number;
}

/** What `gun-native:cache:sweep` publishes after a sweep that removed something. */
export interface SweepEvent {
  /** The relay, without credentials. */
  readonly relay: string;
  /** Expired entries. */
  readonly removed: number;
  /** Entries left. */
  readonly remain: number;
}

/** What `gun-native:breaker` publishes when the circuit to a relay opens or closes. */
export interface BreakerEvent {
  /** The relay, without credentials. */
  readonly relay: string;
  /** The state from now on. */
  readonly state: 'closed' | 'open';
  /** Duration of the failure streak, in milliseconds. */
  readonly durationMs: number;
  /** Calls that failed since its last proper answer. */
  readonly failedCalls: number;
  /** The last failure, as a sentence; `null` if it is not known. */
  readonly lastError: string | null;
}

/**
 * Kinds of failure.
 *
 * - `ERR_GUN_INVALID_ARGUMENT`: an invalid soul, option or environment variable; the message names it.
 * - `ERR_GUN_CONNECT`: refused, reset, closed early, DNS or TLS failure.
 * - `ERR_GUN_TIMEOUT`: no answer in time, or no permit in time; the message says which.
 * - `ERR_GUN_STATUS`: an HTTP status that is neither a record nor a missing soul; see {@link GunError.status}.
 * - `ERR_GUN_BAD_RESPONSE`: a 200 that is truncated or not in the relay's format.
 * - `ERR_GUN_BODY_TOO_LARGE`: a 200 larger than `maxBodyBytes`, or resolved references that add up to more text.
 * - `ERR_GUN_OVERLOADED`: `maxQueue` calls are already waiting, or an answer has more references than a call follows.
 * - `ERR_GUN_CIRCUIT_OPEN`: the relay only failed, and was not asked; see {@link GunClientOptions.breaker}. `cause` is that of
 *   the last failure, if it has one.
 * - `ERR_GUN_CLOSED`: the client was closed before the call.
 * - `ERR_GUN_CACHE_STORE`: the shared store did not confirm an invalidation; see {@link GunClient.flushed}.
 * - `ERR_GUN_BINARY_MISSING`: thrown by `require`: no binary for this platform. The message says what was tried and how to
 *   build it.
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
  | 'ERR_GUN_CACHE_STORE'
  | 'ERR_GUN_BINARY_MISSING';

/** Members of a {@link GunError}, for its constructor. */
export interface GunErrorMembers {
  code: GunErrorCode;
  soul?: string | undefined;
  status?: number | undefined;
  /** @default 0 */
  attempts?: number | undefined;
  /** @default false */
  retryable?: boolean | undefined;
  cause?: unknown;
}

/**
 * The error of every failed call. The message says what happened, to which relay and soul, after how many attempts and
 * how long: `relay http://gun-relay:8765 answered 503 for soul "oip:registry" (3 attempts in 1.2 s)`. It contains no
 * credential and no raw newline.
 *
 * @example
 * try {
 *   return await getRecord(soul);
 * } catch (error) {
 *   if (!isGunError(error) || !error.retryable) throw error;
 *   return undefined; // try again later
 * }
 */
export class GunError extends Error {
  /** For tests and for mocks of a client. */
  constructor(message: string, members: GunErrorMembers);

  readonly name: 'GunError';

  /** The kind of failure. Match on this, not on the message. */
  readonly code: GunErrorCode;

  /** The whole soul; `undefined` if the failure is not about one. */
  readonly soul: string | undefined;

  /** The HTTP status, if the code is `ERR_GUN_STATUS`. */
  readonly status?: number;

  /** Requests sent for the call; 0 if there was none. */
  readonly attempts: number;

  /** Whether the same call may succeed later without any change. */
  readonly retryable: boolean;

  /** The underlying error. For a lost connection it has the system's `code`, such as `ECONNREFUSED`. */
  readonly cause?: unknown;
}
