'use strict';

// The relay of the soak runs: the scripted relay in a process of its own. Options:
//   seed    it stores the fixtures of this seed; without it nothing
//   stored  records that were put before a restart: [[soul, data], ...]
//   waitMs  delay before it answers that a record is missing
// Souls that begin with `reset:` or `status:` fail.

const { startRelayProcess } = require('../../__tests__/helpers/relay-process');
const { closeEarly, json, missing, missingAfter, record, status } = require('../../__tests__/helpers/answers');
const { fixturesOf } = require('./fixtures');

const FAILED_BODY = '{"error":"Out of order, with some words of explanation"}';

async function startRelay(options) {
  const stored = [];
  const { url, ask, restart, stop } = await startRelayProcess(__filename, options, (put) => stored.push(put));
  return { url, waitFor: (waitMs) => ask('waitFor', waitMs), restart: () => restart({ stored }), stop };
}

function script({ seed, stored = [], waitMs = 0 }, _relay, tell) {
  const records = new Map([...(seed === undefined ? [] : fixturesOf(seed).stored), ...stored]);
  const put = (request) => async (response) => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += chunk;
    const { soul, data } = JSON.parse(text);
    records.set(soul, data);
    tell([soul, data]); // a restart gets it back
    json(JSON.stringify({ success: true, soul }))(response);
  };
  const answer = (soul, _attempt, request) => {
    if (request.method === 'POST') return put(request);
    if (soul.startsWith('reset:')) return closeEarly();
    if (soul.startsWith('status:')) return status(500, { 'content-type': 'application/json' }, FAILED_BODY);
    if (records.has(soul)) return record(records.get(soul));
    return waitMs === 0 ? missing() : missingAfter(waitMs);
  };
  const waitFor = (ms) => {
    waitMs = ms;
  };
  return { answer, commands: { waitFor } };
}

module.exports = { script, startRelay };
