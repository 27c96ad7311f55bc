import DataLoader = require('dataloader');
import http = require('http');
import { pino } from 'pino';
import winston = require('winston');
import { Registry } from 'prom-client';
import { expectAssignable, expectError, expectNotAssignable, expectType } from 'tsd';
import {
  cacheStats,
  getRecord,
  getRecords,
  getRecordText,
  GunClient,
  GunError,
  invalidate,
  invalidateAll,
  isGunError,
  isRecord,
  type AbortSignalLike,
  type BreakerEvent,
  type CacheEvent,
  type CacheStats,
  type GetOptions,
  type GunClientOptions,
  type GunErrorCode,
  type GunErrorMembers,
  type GunRecord,
  type InfoLogger,
  type Logger,
  type RequestEvent,
  type SweepEvent,
} from '.';
import { fastify } from 'fastify';
import { Hono } from 'hono';
import { metricsHandler, mount, registerMetrics, statsHandler, type Handler } from './lib/metrics';

interface Workout {
  data: { name: string };
}

// Records: of any kind, or of the kind that the caller names.
expectType<Promise<GunRecord | null>>(getRecord('oip:registry'));
expectType<Promise<Workout | null>>(getRecord<Workout>('oip:registry', { fresh: true, timeoutMs: 100 }));
expectType<Promise<Array<GunRecord | null | GunError>>>(getRecords(['a', 'b']));
expectType<Promise<Array<Workout | null | GunError>>>(getRecords<Workout>(['a'] as const, {}));
expectType<Promise<string | null>>(getRecordText('a', { fresh: true, timeoutMs: 100, signal: null }));
expectError(getRecordText('a', { resolveRefs: 1 }));
expectType<boolean>(invalidate('a'));
expectType<number>(invalidateAll());
expectType<CacheStats>(cacheStats());

expectError(getRecord());
expectError(getRecord(5));
expectError(getRecord(null));
expectError(getRecord(['a']));
expectError(getRecord<string>('a'));
expectError(getRecord('a', 5));
expectError(getRecord('a', { timeoutMs: '5' }));
expectType<Promise<GunRecord | null>>(getRecord('a', { resolveRefs: 2 }));
expectError(getRecord('a', { resolveRefs: true }));
expectError(getRecord('a', { timeout: 5 }));
expectError(getRecord('a', { fresh: 1 }));
expectError(getRecord('a', { signal: 'abort' }));
expectError(getRecords('a'));
expectError(getRecords([5]));
expectError(getRecords(new Set(['a'])));
expectError(invalidate());
expectError(invalidateAll('a'));
expectError(cacheStats().total.toUpperCase());

// A missing soul has to be thought of before a field is read.
async function fields(): Promise<void> {
  const record = await getRecord<Workout>('a');
  expectType<Workout | null>(record);
  expectNotAssignable<Workout>(record);
  expectType<string | undefined>(record?.data.name);
  const [answer] = await getRecords<Workout>(['a']);
  if (answer instanceof GunError) expectType<GunErrorCode>(answer.code);
  else if (answer) expectType<string>(answer.data.name);
  const answers = await getRecords<Workout>(['a']);
  expectType<Workout[]>(answers.filter(isRecord));
  expectType<GunError[]>(answers.filter(isGunError));
  const untyped = await getRecords(['a']);
  expectType<GunRecord[]>(untyped.filter(isRecord));
  for (const each of answers) {
    if (isRecord(each)) expectType<Workout>(each);
    else if (isGunError(each)) expectType<GunErrorCode>(each.code);
    else expectType<null>(each);
  }
  try {
    await getRecord('a');
  } catch (reason) {
    if (isGunError(reason)) expectType<GunError>(reason);
  }
}
expectType<Promise<void>>(fields());

// Signals: those of Node, and anything that works like one.
expectAssignable<GetOptions>({ signal: new AbortController().signal });
expectAssignable<GetOptions>({ signal: AbortSignal.timeout(5) });
expectAssignable<GetOptions>({ signal: undefined, timeoutMs: undefined, fresh: undefined });
expectAssignable<AbortSignalLike>(AbortSignal.abort());
expectNotAssignable<GetOptions>({ signal: new AbortController() });

// The batch function of dataloader, as the README shows it and with a kind of record.
expectType<DataLoader<string, GunRecord | null>>(new DataLoader(getRecords));
expectType<Promise<GunRecord | null>>(new DataLoader(getRecords).load('a'));
expectType<DataLoader<string, GunRecord | null>>(new DataLoader(new GunClient().getRecords));
expectType<DataLoader<string, Workout | null>>(new DataLoader<string, Workout | null>(getRecords));
expectType<DataLoader<string, GunRecord | null>>(new DataLoader<string, GunRecord | null>(getRecords));

// Clients.
const client = new GunClient();
expectType<Promise<GunRecord | null>>(client.getRecord('a', { signal: null }));
expectType<Promise<Workout | null>>(client.getRecord<Workout>('a'));
expectType<Promise<Array<Workout | null | GunError>>>(client.getRecords<Workout>(['a']));
expectType<Promise<string | null>>(client.getRecordText('a'));
expectType<Promise<void>>(client.flushed());
expectType<boolean>(client.invalidate('a'));
expectType<number>(client.invalidateAll());
expectType<CacheStats>(client.cacheStats());
expectType<Promise<void>>(client.close());
expectType<Promise<void>>(client[Symbol.asyncDispose]());
const { getRecord: detached } = client;
expectType<Promise<Workout | null>>(detached<Workout>('a'));
class Wrapped extends GunClient {
  override async getRecordText(soul: string): Promise<string | null> {
    return super.getRecordText(soul);
  }
}
expectAssignable<GunClient>(new Wrapped());
expectError(GunClient());
expectError(client.get('a'));

expectAssignable<GunClientOptions>({
  relayUrl: 'http://gun-relay:8765',
  fallbackUrls: ['http://other:8765', new URL('http://third:8765')],
  cache: {
    capacity: 10_000,
    ttlMs: 3_600_000,
    firstTtlMs: 60_000,
    refresh: false,
    file: '/var/cache/gun',
    url: 'redis://valkey',
    namespace: 'gun',
  },
  records: { ttlMs: 1_000, maxBytes: 67_108_864, staleIfErrorMs: 60_000 },
  attemptTimeoutMs: 20_000,
  connectTimeoutMs: 5_000,
  timeoutMs: 45_000,
  queueTimeoutMs: 120_000,
  retries: 2,
  backoff: { baseMs: 200, maxMs: 5_000 },
  retryBudget: { ratio: 0.2, minPerSecond: 10 },
  breaker: { failures: 50, afterMs: 1_000, probeEveryMs: 1_000 },
  maxInFlight: 256,
  maxQueue: 10_000,
  maxBodyBytes: 268_435_456,
  maxBufferedBytes: 268_435_456,
  headers: { 'x-node': 'two', 'x-none': undefined },
  logger: console,
  statsEvery: 100,
  sweepEveryMs: 3_600_000,
});
expectAssignable<GunClientOptions>({ logger: false, headers: new Map([['x-node', 'two']]) });
expectAssignable<GunClientOptions>({ headers: [['x-node', 'two']] });
expectAssignable<GunClientOptions>({ cache: undefined, backoff: {}, retries: undefined });
expectAssignable<GunClientOptions>({ retryBudget: false, breaker: false });
expectAssignable<GunClientOptions>({ ca: ['PEM', Buffer.from('PEM')], cert: 'PEM', key: new Uint8Array(3), rejectUnauthorized: true, proxy: 'http://a:1' });
expectError(new GunClient({ ca: true }));
expectError(new GunClient({ rejectUnauthorized: 0 }));
expectAssignable<GunClientOptions>({ retryBudget: {}, breaker: undefined });
expectAssignable<GunClientOptions>({ relayUrl: new URL('http://gun-relay:8765'), proxy: new URL('http://a:1') });
expectAssignable<GunClientOptions>({ logger: pino() });
expectAssignable<GunClientOptions>({ logger: winston.createLogger() });
expectAssignable<InfoLogger>({ info: (line: string) => line.length, warn() {}, error() {} });
expectAssignable<Logger>({ log: (line: string) => line.length, warn() {}, error() {} });

expectError(new GunClient({ relay: 'http://gun-relay:8765' }));
expectError(new GunClient({ relayUrl: { href: 'http://gun-relay:8765' } }));
expectError(new GunClient({ fallbackUrls: 'http://gun-relay:8765' }));
expectError(new GunClient({ cache: { ttl: 5 } }));
expectError(new GunClient({ records: { size: 5 } }));
expectError(new GunClient({ cache: 5 }));
expectError(new GunClient({ retries: '2' }));
expectError(new GunClient({ backoff: { baseMs: null } }));
expectError(new GunClient({ breaker: true }));
expectError(new GunClient({ breaker: { failures: '50' } }));
expectError(new GunClient({ retryBudget: { floor: 5 } }));
expectError(new GunClient({ headers: { 'x-node': 2 } }));
expectError(new GunClient({ logger: true }));
expectError(new GunClient({ logger: { log() {} } }));
expectError(new GunClient('http://gun-relay:8765'));

// Statistics.
expectType<number>(cacheStats().hitRate);
expectType<number>(cacheStats().requests.inFlight);
expectType<number | undefined>(cacheStats().requests.failed.ERR_GUN_TIMEOUT);
expectError(cacheStats().requests.failed.ERR_GUN_OTHER);
expectType<number>(cacheStats().requests.p99);
expectType<number>(cacheStats().requests.refreshed);
expectType<'closed' | 'open'>(cacheStats().breaker.state);
expectType<string | null>(cacheStats().breaker.lastError);
expectType<'file' | 'shared' | undefined>(cacheStats().store?.kind);
expectType<number | undefined>(cacheStats().records?.stale);

// Metrics: for http, Fastify and Hono, with the registry of prom-client or without.
expectType<void>(registerMetrics());
expectType<void>(registerMetrics(new Registry(), client));
expectType<void>(registerMetrics(undefined, { reads: client }));
expectType<Handler>(metricsHandler());
expectType<Handler>(metricsHandler(new Registry()));
expectType<Handler>(metricsHandler({ reads: client }));
expectType<Handler>(statsHandler(client));
expectType<Handler>(statsHandler({ cacheStats }));
expectType<void>(mount(fastify(), { path: '/ops', client, register: new Registry() }));
expectType<void>(mount(new Hono()));
expectType<void>(mount(http.createServer(), { client }));
fastify().get('/stats', statsHandler());
new Hono().get('/stats', statsHandler());
expectError(mount());
expectError(mount(http.createServer(), { client: 5 }));
http.createServer(metricsHandler(client));
expectError(registerMetrics(client));
expectError(metricsHandler(5));
expectError(statsHandler({ reads: client }));

// Events of diagnostics_channel.
declare const event: RequestEvent;
expectType<string>(event.soul);
expectType<GunError | undefined>(event.retry?.error);
expectType<unknown>(event.error);
expectError((event.soul = 'a'));
declare const cacheEvent: CacheEvent;
expectType<number | undefined>(cacheEvent.removed);
declare const breakerEvent: BreakerEvent;
expectType<'closed' | 'open'>(breakerEvent.state);
expectType<number>(breakerEvent.durationMs);
declare const sweepEvent: SweepEvent;
expectType<number>(sweepEvent.remain);

// Errors.
declare const thrown: unknown;
if (thrown instanceof GunError) {
  expectAssignable<Error>(thrown);
  expectType<'GunError'>(thrown.name);
  expectType<GunErrorCode>(thrown.code);
  expectType<string | undefined>(thrown.soul);
  expectType<number | undefined>(thrown.status);
  expectType<number>(thrown.attempts);
  expectType<boolean>(thrown.retryable);
  expectType<unknown>(thrown.cause);
  expectError((thrown.status = 5));
}
expectType<GunError>(new GunError('relay down', { code: 'ERR_GUN_CONNECT', retryable: true, cause: new Error('refused') }));
expectAssignable<GunErrorMembers>({ code: 'ERR_GUN_STATUS', soul: 'a', status: 503, attempts: 3 });
expectError(new GunError('relay down'));
expectError(new GunError('relay down', { code: 'ERR_GUN_OTHER' }));
expectNotAssignable<GunErrorCode>('ERR_GUN_OTHER');
