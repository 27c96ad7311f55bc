'use strict';

const { invalidArgument } = require('./error');

/** The longest delay of Node's own timers. */
const MAX_TIMER_MS = 2147483647;
/** Maximum levels of references. */
const MAX_DEPTH = 8;

const MAX_SHOWN = 120;
/**
 * Control characters, and invisible ones that change how their neighbours are displayed; as in src/error/text.rs. Written as
 * ranges, because V8 resolves a property such as \p{Cc} when it loads the file, which takes a third of the loading time.
 */
const UNSEEN = /[^ -~\u00a0-\u200a\u2010-\u2027\u202f-\u205f\u2070-\ufefe\uff00-\u{10ffff}]/gu;

/** A value for a message: on one line, with a bounded length. */
function show(value) {
  if (typeof value === 'string') return escaped(JSON.stringify(shortened(value)));
  if (typeof value === 'bigint') return shortened(`${value}n`);
  if (typeof value === 'function') return 'a function';
  if (isObject(value)) return Array.isArray(value) ? 'an array' : 'an object';
  return escaped(shortened(String(value)));
}

function shortened(text) {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** Text with everything escaped that could break the line, move the cursor or change the reading direction. */
function escaped(text) {
  return text.replace(UNSEEN, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`);
}

function isObject(value) {
  return typeof value === 'object' && value !== null;
}

const NO_OPTIONS = Object.freeze({});
const CALL_OPTIONS = ['signal', 'timeoutMs', 'fresh', 'resolveRefs'];

/** The validated options of a call. Calls for text have no references to resolve. */
function callOptions(options, isText = false) {
  if (options === undefined || options === null) return NO_OPTIONS;
  if (!isObject(options)) throw invalidArgument(`options must be an object, got ${show(options)}`);
  for (const name of Object.keys(options)) {
    // Loaded at the first unknown name.
    if (!CALL_OPTIONS.includes(name) && options[name] !== undefined) require('./unknown-options').warnUnknownOfCall(name, CALL_OPTIONS);
  }
  const { signal, timeoutMs, fresh, resolveRefs } = options;
  if (signal !== undefined && signal !== null && !isSignal(signal)) {
    throw invalidArgument(`option signal must be an AbortSignal, got ${show(signal)}`);
  }
  if (timeoutMs !== undefined && !(Number.isInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs <= MAX_TIMER_MS)) {
    throw invalidArgument(`option timeoutMs must be an integer from 1 to ${MAX_TIMER_MS}, got ${show(timeoutMs)}`);
  }
  if (fresh !== undefined && typeof fresh !== 'boolean') {
    throw invalidArgument(`option fresh must be true or false, got ${show(fresh)}`);
  }
  if (resolveRefs !== undefined && !(Number.isInteger(resolveRefs) && resolveRefs >= 0 && resolveRefs <= MAX_DEPTH)) {
    throw invalidArgument(`option resolveRefs must be an integer from 0 to ${MAX_DEPTH}, got ${show(resolveRefs)}`);
  }
  if (isText && resolveRefs) {
    throw invalidArgument('option resolveRefs is not for getRecordText: text is as the relay has it');
  }
  return { signal, timeoutMs, fresh, resolveRefs };
}

/** Signals of other realms and polyfills are accepted too. */
function isSignal(value) {
  const listens = (name) => typeof value[name] === 'function';
  return isObject(value) && typeof value.aborted === 'boolean' && ['addEventListener', 'removeEventListener'].every(listens);
}

/** Options that are objects, and those that may also be `false`. */
const OBJECTS = new Set(['cache', 'records', 'backoff', 'headers']);
const SWITCHES = new Set(['retryBudget', 'breaker']);
/** Options in PEM, as `tls.connect` takes them. */
const PEM = new Set(['ca', 'cert', 'key']);
/** Options that may be a `URL`. */
const URLS = new Set(['relayUrl', 'proxy', 'cache.url']);
/** Variables with URLs. */
const URL_VARIABLES = new Set(['GUN_PEERS', 'GUN_FALLBACK_RELAYS', 'GUN_404_CACHE_URL']);
/** The only variable that applies to every client, because Node's own TLS reads it too. */
const EXTRA_ROOTS = 'NODE_EXTRA_CA_CERTS';

/** The options of a client for the addon: `[name, value, ...]`, nested ones by path: `cache.ttlMs`. */
function clientOptions(options) {
  const flat = [];
  const add = (name, given) => {
    const value = URLS.has(name) ? textOf(given) : given;
    const isPlain = typeof value === 'number' || typeof value === 'string';
    if (value !== undefined) flat.push(name, isPlain ? value : [show(value)]);
  };
  if (options === undefined || options === null) return flat;
  if (!isObject(options)) throw invalidArgument(`options must be an object, got ${show(options)}`);
  for (const name of Object.keys(options)) {
    const value = options[name];
    if (value === undefined || name === 'logger' || name === EXTRA_ROOTS) continue;
    if (OBJECTS.has(name) || (SWITCHES.has(name) && isObject(value))) {
      for (const [inner, innerValue] of members(name, value)) {
        add(`${name}.${inner}`, innerValue);
      }
    } else if (PEM.has(name)) {
      add(name, pemText(name, value));
    } else if (name === 'fallbackUrls') {
      add(name, lines(name, value));
    } else {
      add(name, value);
    }
  }
  return flat.concat(environment([EXTRA_ROOTS]));
}

/** The text of a `URL`, also of one from another realm; other values unchanged. */
function textOf(value) {
  if (typeof value === 'string') return withAsciiHosts(value);
  return isObject(value) && Object.prototype.toString.call(value) === '[object URL]' ? value.href : value;
}

/**
 * URLs with their host names in ASCII: `bücher.example` is `xn--bcher-kva.example`. The addon does without the tables for that,
 * which Node has.
 */
function withAsciiHosts(urls) {
  if (/^[ -~\s]*$/.test(urls)) return urls;
  const { domainToASCII } = require('url');
  return urls.replace(/(:\/\/(?:[^/?#\s]*@)?)([^/?#:@,\s[]+)/g, (_, before, host) => before + (domainToASCII(host) || host));
}

/** A list of URLs for the addon. Messages show no part of it, because URLs may contain credentials. */
function lines(name, value) {
  const urls = Array.isArray(value) ? value.map(textOf) : [undefined];
  const wrong = urls.findIndex((url) => typeof url !== 'string' || /[\r\n]/.test(url));
  if (wrong === -1) return urls.join('\n');
  const got = Array.isArray(value) ? `one whose entry ${wrong} is not a URL` : typeOf(value);
  throw invalidArgument(`option ${name} must be an array of http or https URLs, got ${got}`);
}

/** A value that may be a secret, for a message. */
function typeOf(value) {
  return typeof value === 'string' ? 'a string' : show(value);
}

/** The text of an option in PEM. Messages do not show an invalid value, because it may be a key. */
function pemText(name, value) {
  const parts = (Array.isArray(value) ? value : [value]).map((part) => {
    if (typeof part === 'string') return part;
    if (ArrayBuffer.isView(part)) return Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString('latin1');
    throw invalidArgument(`option ${name} must be text in PEM: a string, a Buffer or an array of them`);
  });
  return parts.join('\n');
}

/** The entries of an option that is an object; `Headers`, a Map or a list of pairs are accepted too. */
function members(name, value) {
  if (!isObject(value)) {
    throw invalidArgument(`option ${name} must be an object, got ${name === 'headers' ? typeOf(value) : show(value)}`);
  }
  if (typeof value[Symbol.iterator] !== 'function') return Object.entries(value);
  try {
    return Object.entries(Object.fromEntries(value));
  } catch (error) {
    throw invalidArgument(`option ${name} must be an object, got a list without names`);
  }
}

/** The logger for an option; `null` for none. */
function loggerOf(option) {
  if (option === undefined) return console;
  if (option === false) return null;
  if (isObject(option)) {
    const has = (name) => typeof option[name] === 'function';
    if ((has('log') || has('info')) && has('warn') && has('error')) return option;
  }
  throw invalidArgument(
    `option logger must be an object with the functions log, warn and error (info will do for log), or false, got ${show(option)}`,
  );
}

/**
 * The method of a logger that takes a line: `log`, or `info` if there is no `log`, as in pino, or if `log` takes a level
 * first, as in winston and log4js. Those have a method to ask whether a level is enabled.
 */
function lineMethod(logger) {
  if (typeof logger.info !== 'function') return 'log';
  const takesLevel = typeof logger.log !== 'function' || logger.log.length > 1 || typeof logger.isLevelEnabled === 'function';
  return takesLevel ? 'info' : 'log';
}

/** The logger according to the environment. */
function loggerOfEnvironment() {
  const value = (process.env.GUN_NATIVE_LOG || '').trim();
  switch (value.toLowerCase()) {
    case '':
    case 'on':
    case 'true':
    case '1':
      return console;
    case 'off':
    case 'false':
    case '0':
      return null;
    default:
      throw invalidArgument(`environment variable GUN_NATIVE_LOG must be on or off (or true, false, 1, 0), got ${show(value)}`);
  }
}

/** The named variables that are set, for the addon. */
function environment(names) {
  const flat = [];
  for (const name of names) {
    const value = process.env[name];
    if (value !== undefined) flat.push(name, URL_VARIABLES.has(name) ? withAsciiHosts(value) : value);
  }
  return flat;
}

module.exports = {
  MAX_DEPTH,
  MAX_TIMER_MS,
  callOptions,
  clientOptions,
  environment,
  escaped,
  isObject,
  lineMethod,
  loggerOf,
  loggerOfEnvironment,
  show,
};
