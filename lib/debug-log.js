'use strict';

const { debuglog } = require('util');
const { escaped, show } = require('./arguments');
const channels = require('./channels');

/** With `NODE_DEBUG=gun-native`, one line per request on stderr; otherwise nothing, not even a subscriber. */
function logWhereAsked() {
  const log = debuglog('gun-native');
  if (!log.enabled) return;
  const line = (text) => log('%s', escaped(text));
  channels.request.end.subscribe((message) => line(`${show(message.soul)} ${message.outcome}${details(message)}`));
  channels.request.error.subscribe((message) => line(`${show(message.soul)} failed${details(message)}: ${text(message.error)}`));
  channels.request.retry.subscribe(({ soul, retry: { error, delayMs } }) =>
    line(`${show(soul)} again in ${Math.round(delayMs)} ms: ${text(error)}`));
  channels.cache.hit.subscribe(({ soul }) => line(`${show(soul)} known to be missing`));
}

function details({ status, attempts, coalesced, durationMs }) {
  const parts = [`${Math.round(durationMs)} ms`];
  if (status !== undefined) parts.unshift(`status ${status}`);
  if (attempts > 1) parts.push(`${attempts} attempts`);
  if (coalesced) parts.push('joined');
  return ` (${parts.join(', ')})`;
}

/** The reason of an aborted call may be any value. */
function text(error) {
  return error instanceof Error ? error.message : show(error);
}

module.exports = { logWhereAsked };
