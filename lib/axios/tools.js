'use strict';

const { addressOf, requestOf } = require('./address');

/** The adapters of axios itself, which it uses if an instance names none. */
const ADAPTERS = ['xhr', 'http', 'fetch'];

/** The relay's paths that matter, by method. */
const PATHS = { get: '/get', post: '/put' };

/**
 * What the adapter needs of the axios that it is installed under. The module has it all; an instance has neither the
 * classes of errors nor `getAdapter`, and then a bare instance of the same copy of axios serves: one without defaults and
 * interceptors, made by `create`.
 */
function toolsOf(instance, previous = ADAPTERS) {
  const bare = instance.create();
  for (const name of Object.keys(bare.defaults)) delete bare.defaults[name];
  const hasAll = [instance.getAdapter, instance.AxiosError, instance.CanceledError].every((member) => typeof member === 'function');
  let classes;

  return {
    /** The relay's address that a request goes to, or nothing. */
    addressOf(config) {
      const { baseURL, url, allowAbsoluteUrls, method } = config;
      const path = PATHS[method];
      // Parameters are written only for what looks like a relay's.
      if (path === undefined || !String(url || baseURL).includes(path)) return undefined;
      try {
        const address = addressOf(bare.getUri(method === 'get' ? config : { baseURL, url, allowAbsoluteUrls }), path);
        return address && Object.assign(address, { request: requestOf(address) });
      } catch (invalid) {
        return undefined; // The previous adapter says what is wrong.
      }
    },

    /** Sends a request by the adapter that was there before. */
    passOn: hasAll ? (config) => instance.getAdapter(previous, config)(config) : (config) => passedBy(bare, previous, config),

    classes() {
      if (classes === undefined) classes = hasAll ? Promise.resolve(instance) : classesOf(bare);
      return classes;
    },
  };
}

/** Sends what axios has transformed already, and leaves the answer to be transformed later. */
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

/** The classes of errors, from an error of each: axios throws them before anything is sent. */
async function classesOf(bare) {
  const errorOf = (config) => bare.request(config).then(() => undefined, (error) => error);
  const unsupported = await errorOf({ url: '', adapter: [] });
  const canceled = await errorOf({ url: '', adapter: [], signal: { aborted: true } });
  return { AxiosError: unsupported.constructor, CanceledError: canceled.constructor };
}

module.exports = { toolsOf };
