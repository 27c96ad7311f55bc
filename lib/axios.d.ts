/**
 * An axios adapter: code that reads a relay with axios needs no other change.
 *
 * ```js
 * require('gun-native/axios').install(axios, { peers: ['https://node.example/gun-relay'] });
 * ```
 *
 * @packageDocumentation
 */

import { GunClient } from '../index';

/** The part of the axios module, or of an instance, used here. */
export interface AxiosLike {
  defaults: { adapter?: any };
  create(config?: any): any;
  getUri(config?: any): string;
}

export interface InstallOptions {
  /** Used for requests to its relay, also if that is the default client's relay. */
  client?: GunClient | undefined;
  /**
   * Base URLs of further relays that others write to, such as `https://node.example/gun-relay`. Each gets its own client
   * with `cache.firstTtlMs` 60000. Pass a `GunClient` to configure a peer in full: TLS, headers, timeouts.
   */
  peers?: ReadonlyArray<string | URL | GunClient> | undefined;
}

/**
 * Adds gun-native to the axios module or to an instance. From then on a GET of `<base>/get` with one `soul` is answered by
 * gun-native if `<base>` is the relay of the default client, of `client`, or of a peer. A POST to `<base>/put` is sent as
 * before and then invalidates its soul. All other requests go to the previous adapter.
 *
 * Instances created from axios later are included; an instance created earlier has its own adapter and needs its own
 * `install`. Installing again adds clients to the earlier ones.
 *
 * @param axios - The module, its namespace from `import *`, or an instance; axios 1.5 or newer.
 * @returns A function that undoes it and closes the clients of peers given as URLs. It resolves when they are closed.
 * @throws `GunError` `ERR_GUN_INVALID_ARGUMENT` for an invalid argument or environment variable.
 * @example
 * const uninstall = install(axios, { peers: ['https://node.example/gun-relay'] });
 * const { data } = await axios.get('http://gun-relay:8765/get', { params: { soul: 'oip:registry' } });
 */
export function install(axios: AxiosLike | { default: AxiosLike }, options?: InstallOptions): () => Promise<void>;
