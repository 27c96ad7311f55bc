/**
 * What operators read: metrics for Prometheus and the figures of `cacheStats()` over HTTP.
 *
 * All that speaks of Prometheus needs the package `prom-client`, which is not installed along; without it those functions
 * throw an `Error` that names it. `docs/observability.md` lists the metrics.
 *
 * @packageDocumentation
 */

import { GunClient } from '../index';

/** Clients by the name that they have in the label `client`. */
export interface NamedClients {
  readonly [name: string]: GunClient;
}

/** What is used of a `Registry` of prom-client. */
export interface RegistryLike {
  registerMetric(metric: any): void;
  getSingleMetric(name: string): any;
  metrics(): Promise<string>;
  readonly contentType: string;
}

/** What is used of the `IncomingMessage` of `http`, and so of a request of Express. */
export interface RequestLike {
  method?: string | undefined;
}

/** What is used of the `ServerResponse` of `http`, and so of a response of Express. */
export interface ResponseLike {
  statusCode: number;
  readonly headersSent: boolean;
  setHeader(name: string, value: string | number): unknown;
  end(body: string): unknown;
}

/**
 * Answers GET and HEAD, other methods with 405, and never lets an answer be stored. What goes wrong, a bad environment for
 * one, is a 500 that says what. It fits `app.get` and `app.use` of Express and `http.createServer`.
 */
export type Handler = (request: RequestLike, response: ResponseLike) => void;

/**
 * Adds the metrics to a registry. They are read when it is scraped, all at one moment; the counters are those that native
 * code keeps, so nothing is lost between two scrapes or before the first. Called again for the same registry it adds
 * clients; one of the same name takes the other's place.
 *
 * @param register - Of prom-client; by default its global one.
 * @param clients - A client, named `default`, or several by name; by default the one behind the functions of the module.
 * @throws `GunError` `ERR_GUN_INVALID_ARGUMENT` when something else is given.
 */
export function registerMetrics(register?: RegistryLike, clients?: GunClient | NamedClients): void;

/**
 * Text for Prometheus.
 *
 * @param source - A registry, whose metrics of whatever origin are told; or clients as {@link registerMetrics} takes
 * them, which get a registry of their own; by default the client behind the functions of the module.
 * @throws `GunError` `ERR_GUN_INVALID_ARGUMENT` when something else is given.
 */
export function metricsHandler(source?: RegistryLike | GunClient | NamedClients): Handler;

/**
 * `cacheStats()` as JSON. It needs no other package.
 *
 * @param client - By default the one behind the functions of the module.
 * @throws `GunError` `ERR_GUN_INVALID_ARGUMENT` when something else is given.
 */
export function statsHandler(client?: GunClient): Handler;
