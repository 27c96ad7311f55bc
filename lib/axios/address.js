'use strict';

const NOTHING = {};

/** A base URL in the form in which bases are compared: without credentials, query and final slash. Undefined if not http(s). */
function baseOf(url) {
  const parsed = parse(url);
  if (parsed === undefined) return undefined;
  return { href: parsed.origin + parsed.pathname.replace(/\/+$/, ''), credentials: `${parsed.username}:${parsed.password}` };
}

/** The parts of a URL that ends in a path, `/get` or `/put`: the base, as `baseOf` gives it, and the whole. */
function addressOf(url, path) {
  const parsed = parse(url);
  if (parsed === undefined || !parsed.pathname.endsWith(path)) return undefined;
  const href = parsed.origin + parsed.pathname.slice(0, -path.length);
  return { href, credentials: `${parsed.username}:${parsed.password}`, parsed };
}

function parse(url) {
  try {
    const parsed = new URL(url);
    return /^https?:$/.test(parsed.protocol) ? parsed : undefined;
  } catch (notUrl) {
    return undefined;
  }
}

/** The soul that an address asks for; undefined unless it asks for exactly one soul and nothing else. */
function soulIn({ parsed }) {
  const parameters = Array.from(parsed.searchParams);
  if (parameters.length !== 1 || parameters[0][0] !== 'soul') return undefined;
  return parameters[0][1] || undefined;
}

/** Replaces the `ClientRequest` of axios: an object with its data members, for loggers. */
function requestOf({ parsed: { protocol, hostname, pathname, search, href } }) {
  return { method: 'GET', protocol, host: hostname, path: pathname + search, res: { responseUrl: href } };
}

/** The souls in the body of a put: its own, and one per object nested in its data, which GUN stores as a separate node. */
function soulsOfPut(body) {
  const { soul, data } = bodyOf(body);
  if (typeof soul !== 'string' || soul === '') return [];
  const souls = [];
  const pending = [[soul, data]];
  while (pending.length > 0) {
    const [at, node] = pending.pop();
    souls.push(at);
    for (const [key, value] of isObject(node) ? Object.entries(node) : []) {
      if (isObject(value)) pending.push([`${at}/${key}`, value]);
    }
  }
  return souls;
}

function bodyOf(body) {
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) return NOTHING;
  try {
    return JSON.parse(String(body)) || NOTHING;
  } catch (notJson) {
    return NOTHING;
  }
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

module.exports = { addressOf, baseOf, requestOf, soulIn, soulsOfPut };
