'use strict';

// What an application does with a relay's answer when its client is a plain HTTP client: the same for every peer, and
// no more than is needed to return what getRecord of gun-native returns.

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
