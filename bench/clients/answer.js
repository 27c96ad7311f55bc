'use strict';

// How an application with a plain HTTP client handles a relay's answer: the same for every peer, and only what is needed to
// return what gun-native's getRecord returns.

function parsed(value) {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function recordOf(status, body) {
  if (status === 404 && body.error === 'Not found') return null;
  if (status !== 200) throw new Error(`the relay answered ${status}`);
  if (!body.success) return null;
  const record = body.data;
  record.data = parsed(record.data);
  record.oip = parsed(record.oip);
  return record;
}

function urlOf(relayUrl, soul) {
  return `${relayUrl}/get?soul=${encodeURIComponent(soul)}`;
}

module.exports = { recordOf, urlOf };
