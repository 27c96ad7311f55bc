'use strict';

/** What every failed call rejects with. `code` says what kind of failure it is, `message` what happened, where and how often. */
class GunError extends Error {
  /**
   * @param {string} message
   * @param {{code: string, soul?: string, status?: number, attempts?: number, retryable?: boolean, cause?: unknown}} members
   */
  constructor(message, members) {
    super(message);
    this.code = members.code;
    this.soul = members.soul;
    if (members.status !== undefined) this.status = members.status;
    this.attempts = members.attempts || 0;
    this.retryable = members.retryable === true;
    if (members.cause) hide(this, 'cause', members.cause);
  }
}

hide(GunError.prototype, 'name', 'GunError');

/** Sets a property that neither `for...in` nor `console.log` walks through, as V8 does with the members of Error itself. */
function hide(object, name, value) {
  Object.defineProperty(object, name, { value, writable: true, configurable: true });
}

/** The error whose members the addon wrote as JSON; causes that have a `retryable` are GunErrors too. */
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

function invalidArgument(message) {
  return new GunError(message, { code: 'ERR_GUN_INVALID_ARGUMENT' });
}

module.exports = { GunError, fromJson, hide, invalidArgument };
