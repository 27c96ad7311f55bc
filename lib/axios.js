'use strict';

const { show } = require('./arguments');
const { answerOf, failed, isLeftToAxios } = require('./axios/answer');
const { baseOf, soulIn, soulsOfPut } = require('./axios/address');
const { toolsOf } = require('./axios/tools');
const { GunClient, defaultClient, relayOf } = require('./client');
const { invalidArgument } = require('./error');

/** The TTL of a soul's first 404 at a peer. Others write there, and we are not notified. */
const PEER_FIRST_TTL_MS = 60000;

/** Adds gun-native to axios as its adapter. Documented in `axios.d.ts`. */
function install(axios, options) {
  const instance = instanceOf(axios);
  const targets = targetsOf(options);
  const { defaults } = instance;
  const previous = defaults.adapter;
  const tools = toolsOf(instance, previous);
  let isInstalled = true;

  const adapter = (config) => {
    const address = isInstalled ? tools.addressOf(config) : undefined;
    const matches = address === undefined ? [] : targets.filter((target) => isOf(target, address));
    if (matches.length === 0) return tools.passOn(config);
    return config.method === 'get' ? get(tools, matches[0].client, config, address) : put(tools, matches, config);
  };
  defaults.adapter = adapter;

  return () => {
    isInstalled = false;
    // Adapters installed later still call this one, which passes everything on.
    if (defaults.adapter === adapter) defaults.adapter = previous;
    return Promise.all(targets.filter(({ isOwn }) => isOwn).map(({ client }) => client.close())).then(() => undefined);
  };
}

/** The axios to install to: the module, its namespace as from `import *`, or an instance. */
function instanceOf(axios) {
  const isInstance = (value) => typeof value === 'function' && typeof value.getUri === 'function' && Boolean(value.defaults);
  if (isInstance(axios)) return axios;
  if (axios && isInstance(axios.default)) return axios.default;
  throw invalidArgument(`axios must be the axios module (1.5 or newer) or an instance of it, got ${show(axios)}`);
}

/** Clients by base URL. `client` and the default client come first, so that `invalidate` reaches the caches that are used. */
function targetsOf(options = {}) {
  if (typeof options !== 'object' || options === null) throw invalidArgument(`options must be an object, got ${show(options)}`);
  const { client, peers = [] } = options;
  if (client !== undefined && !(client instanceof GunClient)) {
    throw invalidArgument(`option client must be a GunClient, got ${show(client)}`);
  }
  if (!Array.isArray(peers)) throw invalidArgument(`option peers must be an array, got ${show(peers)}`);
  const targets = client === undefined ? [] : [{ client, base: baseOf(relayOf(client)) }];
  targets.push({ client: defaultClient(), base: baseOfDefault() });
  for (const peer of peers) {
    const target = peer instanceof GunClient ? { client: peer, base: baseOf(relayOf(peer)) } : targetOfUrl(peer, targets);
    if (target !== undefined) targets.push(target);
  }
  return targets;
}

/** A peer with its own client; nothing if its base already has one. */
function targetOfUrl(peer, targets) {
  const isUrl = typeof peer === 'string' || peer instanceof URL;
  if (!isUrl) throw invalidArgument(`option peers must contain URLs or GunClients, got ${show(peer)}`);
  // The constructor validates the URL and says what is wrong with it.
  const client = new GunClient({ relayUrl: String(peer), cache: { firstTtlMs: PEER_FIRST_TTL_MS } });
  const base = baseOf(String(peer));
  if (targets.some((target) => isOf(target, base))) {
    client.close();
    return undefined;
  }
  return { client, base, isOwn: true };
}

/** The default relay, with the credentials that GUN_PEERS gives for it. */
function baseOfDefault() {
  const base = baseOf(relayOf(defaultClient()));
  for (const entry of (process.env.GUN_PEERS || '').split(',')) {
    const given = baseOf(entry.trim());
    if (given !== undefined && given.href === base.href) return given;
  }
  return base;
}

function isOf({ base }, { href, credentials }) {
  return base.href === href && base.credentials === credentials;
}

async function get(tools, client, config, address) {
  const soul = soulIn(address);
  if (soul === undefined || isLeftToAxios(config)) return tools.passOn(config);
  const { request } = address;
  const classes = await tools.classes();
  const cancellation = cancellationOf(config, () => new classes.CanceledError(null, config, request));
  const begun = performance.now();
  let text;
  try {
    text = await client.getRecordText(soul, { signal: cancellation.signal, timeoutMs: parseInt(config.timeout, 10) || undefined });
  } catch (error) {
    // An invalid soul or a closed client: the previous adapter answers.
    if (error.code === 'ERR_GUN_INVALID_ARGUMENT' || error.code === 'ERR_GUN_CLOSED') return tools.passOn(config);
    return failed(error, { classes, config, request, elapsedMs: performance.now() - begun });
  } finally {
    cancellation.end();
  }
  return answerOf(text, { classes, config, request });
}

/** A signal for a call that `signal` or `cancelToken` may cancel, aborted with what axios rejects with. */
function cancellationOf({ signal, cancelToken }, canceled) {
  if (!signal && !cancelToken) return { end() {} };
  const controller = new AbortController();
  const onToken = (reason) => controller.abort(reason);
  const onSignal = () => controller.abort(canceled());
  if (cancelToken) cancelToken.subscribe(onToken);
  if (signal) {
    if (signal.aborted) onSignal();
    else signal.addEventListener('abort', onSignal);
  }
  return {
    signal: controller.signal,
    end() {
      if (cancelToken) cancelToken.unsubscribe(onToken);
      if (signal) signal.removeEventListener('abort', onSignal);
    },
  };
}

/** Passes a put on. A failed put also invalidates, because it may have been stored all the same. */
async function put(tools, targets, config) {
  try {
    return await tools.passOn(config);
  } finally {
    for (const soul of soulsOfPut(config.data)) {
      for (const { client } of targets) client.invalidate(soul);
    }
  }
}

module.exports = { install };
