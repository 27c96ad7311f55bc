'use strict';

/** Marks a GunError for other copies of the package, which have a different class. */
const BRAND = Symbol.for('gun-native.GunError');

/** What every failed call rejects with. `code` is the kind of failure; `message` says what happened, where and how often. */
class GunError extends Error {
  /**
   * @param {string} message
   * @param {{code: string, soul?: string, status?: number, attempts?: number, retryable?: boolean, cause?: unknown}} members
   */
  constructor(message, members = {}) {
    super(message);
    this.code = members.code;
    this.soul = members.soul;
    if (members.status !== undefined) this.status = members.status;
    this.attempts = members.attempts || 0;
    this.retryable = members.retryable === true;
    if (members.cause !== undefined && members.cause !== null) hide(this, 'cause', members.cause);
  }
}

hide(GunError.prototype, 'name', 'GunError');
hide(GunError.prototype, BRAND, true);

/** Whether a value is a GunError of this or another copy of the package. */
function isGunError(value) {
  return typeof value === 'object' && value !== null && value[BRAND] === true;
}

/** Whether an answer of `getRecords` is a record: neither missing nor failed. */
function isRecord(answer) {
  if (typeof answer !== 'object' || answer === null || isGunError(answer)) return false;
  // `instanceof` does not work for errors of other realms, and loading `util.types` would take time.
  return !(answer instanceof Error) && Object.prototype.toString.call(answer) !== '[object Error]';
}

/** Sets a property that is not enumerable, like the members of Error itself. */
function hide(object, name, value) {
  Object.defineProperty(object, name, { value, writable: true, configurable: true });
}

/** Builds an error from members that the addon wrote as JSON. A cause with `retryable` becomes a GunError too. */
function fromJson(members) {
  if (!members.cause) return new GunError(members.message, members);
  return new GunError(members.message, Object.assign({}, members, { cause: causeFrom(members.cause) }));
}

function causeFrom(members) {
  if (members.retryable !== undefined) return fromJson(members);
  const cause = new Error(members.message);
  if (members.code) cause.code = members.code;
  if (members.cause) hide(cause, 'cause', causeFrom(members.cause));
  return cause;
}

/**
 * The place of a call, for errors that are made when its caller is no longer on the stack. It costs a few microseconds, and its
 * text is not made before an error needs it. The function `inside` and those it calls are left out.
 */
function callSite(inside) {
  const site = { name: 'Error', message: '' };
  Error.captureStackTrace(site, inside);
  return site;
}

/** The same as `fromJson`, with the stack of a call's place. Its own stack, which would cost more than the rest, is not made. */
function fromJsonAt(site, members) {
  const { stack } = site;
  const frames = typeof stack === 'string' ? stack.indexOf('\n    at ') : -1;
  const setting = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit');
  // It may have been deleted or, with --frozen-intrinsics, be read-only.
  if (frames < 0 || !setting || !setting.writable) return fromJson(members);
  const limit = Error.stackTraceLimit;
  let error;
  try {
    Error.stackTraceLimit = 0;
    error = fromJson(members);
  } finally {
    Error.stackTraceLimit = limit;
  }
  hide(error, 'stack', `GunError: ${error.message}${stack.slice(frames)}`);
  return error;
}

function invalidArgument(message) {
  return new GunError(message, { code: 'ERR_GUN_INVALID_ARGUMENT' });
}

/** The error if `JSON.parse` rejects text that Rust accepted, which should be impossible. */
function unreadable(cause) {
  const message = 'the record is not JSON to this Node; please report this as a bug of gun-native';
  return new GunError(message, { code: 'ERR_GUN_BAD_RESPONSE', attempts: 1, cause });
}

module.exports = { GunError, callSite, fromJson, fromJsonAt, hide, invalidArgument, isGunError, isRecord, unreadable };
