/**
 * Serves records over HTTP like a relay: from native memory to the socket, without a JavaScript string.
 *
 * ```js
 * app.get('/gun-relay/get', require('gun-native/http').relayHandler());
 * ```
 *
 * @packageDocumentation
 */

import { GunClient } from '../index';

export interface RelayHandlerOptions {
  /** The client that fetches the records. Default: the default client of the module. */
  client?: GunClient | undefined;
  /** A client that takes no byte of an answer for this many milliseconds is disconnected. Default: 60000. */
  idleTimeoutMs?: number | undefined;
}

/** Fits `app.get` and `app.use` of Express 4 and 5, `fastify.get`, and `http.createServer`. */
export type RelayHandler = (request: any, response: any, next?: (error?: any) => void) => void;

/**
 * Creates a handler that answers GET and HEAD of `…/get?soul=…` like a relay.
 *
 * | status | when | body |
 * |---|---|---|
 * | 200 | found | `{"success":true,"data":…}`, with `Content-Length` |
 * | 400 | no soul, several, or an invalid one | `{"error":"Soul parameter required"}` |
 * | 404 | missing | `{"error":"Not found"}` |
 * | 405 | another method | `{"error":"Method not allowed"}`, with `Allow` |
 * | 500 | an environment variable of the default client is invalid | `{"error":message}` |
 * | 502 | the relay failed | `{"error":message}` |
 * | 503 | overloaded, the circuit is open, or the client is closed | `{"error":message}`, with `Retry-After` |
 * | 504 | the relay did not answer in time | `{"error":message}` |
 *
 * If it is mounted for more than that path (`app.use('/gun-relay', …)`), other paths go to the next handler, or are answered
 * with 404 `{"error":"Endpoint not found"}` if there is none. If a client disconnects, its call is aborted and its memory freed.
 *
 * @throws `GunError` `ERR_GUN_INVALID_ARGUMENT` for an invalid option.
 * @example
 * http.createServer(relayHandler({ client })).listen(8080);
 */
export function relayHandler(options?: RelayHandlerOptions): RelayHandler;
