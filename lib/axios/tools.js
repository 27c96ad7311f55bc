'use strict';

const { addressOf, requestOf } = require('./address');

/** The adapters of axios itself, which it uses if an instance names none. */
const ADAPTERS = ['xhr', 'http', 'fetch'];

/** The relay's paths that the adapter handles, by method. */
const PATHS = { get: '/get', post: '/put' };

/**
 * The parts of axios that the adapter uses. The module has all of them. An instance has neither the error classes nor
 * `getAdapter`; for it, they come from a plain instance of the same copy of axios, without defaults and interceptors.
 */
function toolsOf(instance, previous = ADAPTERS) {
  const bare = instance.create();
  for (const name of Object.keys(bare.defaults)) delete bare.defaults[name];
  const hasAll = [instance.getAdapter, instance.AxiosError, instance.CanceledError].every((member) => typeof member === 'function');
  let classes;

  return {
    /** The parts of a request's address, if it looks like a relay's. */
    addressOf(config) {
      const { baseURL, url, allowAbsoluteUrls, method } = config;
      const path = PATHS[method];
      // Parameters are only serialized for addresses that look like a relay's.
      if (path === undefined || !String(url || baseURL).includes(path)) return undefined;
      try {
        const address = addressOf(bare.getUri(method === 'get' ? config : { baseURL, url, allowAbsoluteUrls }), path);
        return address && Object.assign(address, { request: requestOf(address) });
      } catch (invalid) {
        return undefined; // The previous adapter says what is wrong.
      }
    },

    /** Sends a request with the previous adapter. */
    passOn: hasAll ? (config) => instance.getAdapter(previous, config)(config) : (config) => passedBy(bare, previous, config),

    classes() {
      if (classes === undefined) classes = hasAll ? Promise.resolve(instance) : classesOf(bare);
      return classes;
    },
  };
}

/** Sends a request that axios has already transformed; its response is transformed later. */
function passedBy(bare, adapter, config) {
  const inner = Object.assign({}, config, { adapter, transformRequest: [], transformResponse: [] });
  const withConfig = (holder) => {
    if (holder && holder.config) holder.config = config;
    return holder;
  };
  return bare.request(inner).then(withConfig, (error) => {
    if (error) withConfig(error.response);
    throw withConfig(error);
  });
}

/** The error classes, taken from errors that axios throws before anything is sent. */
async function classesOf(bare) {
  const errorOf = (config) => bare.request(config).then(() => undefined, (error) => error);
  const unsupported = await errorOf({ url: '', adapter: [] });
  const canceled = await errorOf({ url: '', adapter: [], signal: { aborted: true } });
  return { AxiosError: unsupported.constructor, CanceledError: canceled.constructor };
}

module.exports = { toolsOf };
