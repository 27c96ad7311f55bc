'use strict';

/** An error with the members of gun-native's GunError, whose module is not to be loaded here. */
function failure(code, message, { soul, status, attempts = 0, retryable = false, cause } = {}) {
  const error = Object.assign(new Error(message), { code, soul, attempts, retryable });
  if (status !== undefined) error.status = status;
  for (const [name, value] of [['name', 'GunError'], ['cause', cause]]) {
    if (value !== undefined) Object.defineProperty(error, name, { value, writable: true, configurable: true });
  }
  return error;
}

module.exports = { failure };
