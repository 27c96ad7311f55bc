'use strict';

const { debuglog } = require('util');
const { show } = require('./arguments');
const channels = require('./channels');

/** Characters that show nothing themselves but change how their neighbours are shown, or break a line. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** A line on stderr per request with `NODE_DEBUG=gun-native`; nothing, not even a listener, without. */
function logWhereAsked() {
  const log = debuglog('gun-native');
  if (!log.enabled) return;
  const line = (text) => log('%s', text.replace(UNSEEN, (character) => `\\u{${character.codePointAt(0).toString(16)}}`));
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

/** A call may be aborted with anything for a reason. */
function text(error) {
  return error instanceof Error ? error.message : show(error);
}

module.exports = { logWhereAsked };
