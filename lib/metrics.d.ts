/**
 * Statistics as JSON, metrics for Prometheus and a live page.
 *
 * The functions for Prometheus need the package `prom-client`, an optional peer dependency; without it they throw an `Error`
 * that names it. `docs/observability.md` lists the metrics.
 *
 * @packageDocumentation
 */

import { CacheStats, GunClient } from '../index';

/** Clients by name, which becomes the label `client`. */
export interface NamedClients {
  readonly [name: string]: GunClient;
}

/** The part of a prom-client `Registry` used here. */
export interface RegistryLike {
  registerMetric(metric: any): void;
  getSingleMetric(name: string): any;
  metrics(): Promise<string>;
  readonly contentType: string;
}

/** Anything with statistics: a `GunClient`, or what an application wraps around one. */
export interface StatsSource {
  cacheStats(): CacheStats;
}

/** Options of {@link mount}. */
export interface MountOptions {
  /**
   * Path of the page; the statistics are at `<path>/stats` and the metrics at `<path>/metrics`. A plain path, not a router's
   * pattern.
   *
   * @default '/gun'
   */
  path?: string;
  /**
   * A registry of prom-client. The client's metrics are added to it, and all its metrics are served.
   *
   * @default a new one with the metrics of the client only
   */
  register?: RegistryLike;
  /** @default the client behind the functions of the module */
  client?: StatsSource;
}

/**
 * Adds the live page (`GET /gun`), the statistics as JSON (`GET /gun/stats`) and the metrics for Prometheus
 * (`GET /gun/metrics`) to an application. `GET /gun/history` has samples of the last ten minutes for the page. The paths are as
 * public as the rest of the application: they show the names of relay and host, but no credentials and no souls. Without
 * `prom-client`, `/gun/metrics` answers 501 with the reason.
 *
 * With `http`, the server's own listeners do not see requests for these paths. Koa and Express run handlers in the order
 * in which they were added: mount before a handler that answers everything.
 *
 * @param app - An app or router of Express 4 or 5, Fastify, Koa or Hono, or a server of `http` or `https`.
 * @throws `GunError` `ERR_GUN_INVALID_ARGUMENT` if `app` is none of these, or an option is invalid.
 *
 * @example
 * ```js
 * const { mount } = require('gun-native/metrics');
 * const app = express();
 * mount(app);
 * ```
 */
export function mount(app: object, options?: MountOptions): void;

/**
 * A handler for `http`, Express, Fastify, Koa and Hono. It answers GET and HEAD, and other methods with 405. Answers must not
 * be cached (`Cache-Control: no-store`). Errors, for example an invalid environment, are answered with 500 and a message; the promise of `http`
 * never rejects.
 *
 * @throws `GunError` `ERR_GUN_INVALID_ARGUMENT`, synchronously, if it is called with other arguments.
 */
export type Handler = (...args: any[]) => Promise<any>;

/**
 * Adds the metrics to a registry. All of them are read at the same moment, when the registry is scraped; counters are kept in
 * native code, so nothing is lost between scrapes. Later calls for the same registry add clients; one with the same name
 * replaces the earlier one.
 *
 * @param register - A prom-client registry; by default its global one.
 * @param clients - A client, named `default`, or several by name; by default the one behind the functions of the module.
 * @throws `GunError` `ERR_GUN_INVALID_ARGUMENT` for anything else.
 * @example
 * registerMetrics(promClient.register, { first: clientA, second: clientB });
 */
export function registerMetrics(register?: RegistryLike, clients?: GunClient | NamedClients): void;

/**
 * The metrics in the text format of Prometheus.
 *
 * @param source - A registry: all its metrics are returned. Or clients as for {@link registerMetrics}, which get a registry
 * of their own; by default the client behind the functions of the module.
 * @throws `GunError` `ERR_GUN_INVALID_ARGUMENT` for anything else.
 */
export function metricsHandler(source?: RegistryLike | GunClient | NamedClients): Handler;

/**
 * `cacheStats()` as JSON, and more, for the live page: `calls` by outcome, `callErrors` by code, `requestDurations`
 * (`boundsSeconds` of the buckets and their `counts`), and `process` (`relay`, `version`, `node`, `pid`, `host`,
 * `uptimeMs`). Needs no other package.
 *
 * @param client - By default the one behind the functions of the module.
 * @throws `GunError` `ERR_GUN_INVALID_ARGUMENT` for anything else.
 */
export function statsHandler(client?: StatsSource): Handler;
