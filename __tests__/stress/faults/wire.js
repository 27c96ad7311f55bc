'use strict';

/** Answers as bytes. */

const RECORD = '{"success":true,"data":{"n":1}}';
const MISSING = '{"error":"Not found"}';

/** An HTTP message; `headers` are its lines. */
function message(status, headers, body = '') {
  const head = [`HTTP/1.1 ${status}`, ...headers, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head), Buffer.from(body)]);
}

/** One with the length of its body. */
function sized(status, body, ...headers) {
  return message(status, [...headers, `content-length: ${Buffer.byteLength(body)}`], body);
}

/** One whose body comes in these chunks, as the relay's own do. */
function chunked(status, ...chunks) {
  const body = [...chunks, ''].map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`).join('');
  return message(status, ['transfer-encoding: chunked'], body);
}

const ok = (body) => sized('200 OK', body, 'content-type: application/json');
const record = (data) => ok(JSON.stringify({ success: true, data }));
const missing = () => sized('404 Not Found', MISSING, 'content-type: application/json');

module.exports = { MISSING, RECORD, chunked, message, missing, ok, record, sized };
