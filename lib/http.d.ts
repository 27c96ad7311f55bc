/**
 * Records over HTTP, as a relay serves them: from native memory to the socket, without becoming a JavaScript string.
 *
 * ```js
 * app.get('/gun-relay/get', require('gun-native/http').relayHandler());
 * ```
 *
 * @packageDocumentation
 */

import { GunClient } from '../index';

export interface RelayHandlerOptions {
  /** Whose relay, cache and limits are used. Default: the client behind the functions of the module. */
  client?: GunClient | undefined;
  /** Milliseconds in which a client must take some of an answer; otherwise its connection is closed. Default: 60000. */
  idleTimeoutMs?: number | undefined;
}

/** Fits `app.get` and `app.use` of Express 4 and 5, `fastify.get`, and `http.createServer`. */
export type RelayHandler = (request: any, response: any, next?: (error?: any) => void) => void;

/**
 * Answers `GET …/get?soul=…`, and HEAD, as a relay does.
 *
 * | status | when | body |
 * |---|---|---|
 * | 200 | found | `{"success":true,"data":…}`, with `Content-Length` |
 * | 400 | no soul, several, or not a soul | `{"error":"Soul parameter required"}` |
 * | 404 | missing | `{"error":"Not found"}` |
 * | 405 | another method | `{"error":"Method not allowed"}`, with `Allow` |
 * | 500 | an environment variable of the default client is invalid | `{"error":message}` |
 * | 502 | the relay failed | `{"error":message}` |
 * | 503 | overloaded, the circuit is open, or the client is closed | `{"error":message}`, with `Retry-After` |
 * | 504 | the relay did not answer in time | `{"error":message}` |
 *
 * Mounted for more than that path (`app.use('/gun-relay', …)`), it leaves other paths to the next handler; without one they
 * are 404 `{"error":"Endpoint not found"}`. If a client disconnects, its call is aborted and its memory freed.
 *
 * @throws `GunError` `ERR_GUN_INVALID_ARGUMENT` for an invalid option.
 */
export function relayHandler(options?: RelayHandlerOptions): RelayHandler;
