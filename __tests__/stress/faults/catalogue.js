'use strict';

const { MISSING, RECORD, chunked, message, missing, ok, sized } = require('./wire');

// Faults, and valid answers in an unusual form, grouped by the call's outcome. Each is a function of an `Exchange`.

const write = (bytes) => (exchange) => exchange.write(bytes);
const answer = (bytes) => (exchange) => exchange.answer(bytes);
const end = (bytes) => (exchange) => exchange.end(bytes);
const reset = (bytes) => (exchange) => exchange.reset(bytes);
const drip = (bytes, everyMs) => (exchange) => exchange.drip([...bytes].map((byte) => Buffer.of(byte)), everyMs);

const NOT_UTF8 = Buffer.from([0xff, 0xfe, 0x7b, 0x7d]);
const BLOCK = Buffer.alloc(65_536, 'x');
const DEEP = `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;

/** Transient: the connection is lost before a status arrives. */
const LOST = {
  'reset at once': reset(),
  'closed at once': end(),
  'closed within the status line': end('HTTP/1.1 20'),
  'closed within the headers': end('HTTP/1.1 200 OK\r\ncontent-le'),
  'closed after a 1xx': end('HTTP/1.1 103 Early Hints\r\n\r\n'),
};

/** Transient: a truncated 200. */
const CUT = {
  'a length beyond the body': end(message('200 OK', ['content-length: 100'], RECORD)),
  'a length within the body': answer(message('200 OK', ['content-length: 10'], RECORD)),
  'closed within a chunk': end(message('200 OK', ['transfer-encoding: chunked'], `ff\r\n${RECORD}`)),
  'closed before the last chunk': end(message('200 OK', ['transfer-encoding: chunked'], `1f\r\n${RECORD}\r\n`)),
  'closed within JSON without a length': end(message('200 OK', [], RECORD.slice(0, -2))),
  'half a character': answer(sized('200 OK', Buffer.from('{"a":"é').subarray(0, -1))),
};

/** Transient: the answer stalls. */
const SLOW = {
  'no answer': () => {},
  'a stall within the status line': write('HTTP/1.'),
  'a stall within the headers': write('HTTP/1.1 200 OK\r\ncontent-'),
  'a stall before the body': write(message('200 OK', ['content-length: 31'])),
  'a stall within the body': write(message('200 OK', ['content-length: 31'], RECORD.slice(0, 9))),
  'a stall within a chunk': write(message('200 OK', ['transfer-encoding: chunked'], '1f\r\n{"suc')),
  'headers that drip': drip(ok(RECORD), 50),
  'a body that drips': (exchange) => {
    exchange.write(message('200 OK', ['content-length: 31']));
    exchange.drip(RECORD, 50);
  },
  '1xx without end': (exchange) => exchange.drip(Array(1_000).fill('HTTP/1.1 102 Processing\r\n\r\n'), 10),
};

/** Permanent: a 200 in another format, or no HTTP. */
const GARBAGE = {
  'a banner of another protocol': end('SSH-2.0-OpenSSH_9.2\r\n'),
  'bytes that mean nothing': end(Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28])),
  'a status that is none': end('HTTP/1.1 abc OK\r\n\r\n'),
  'a header without a name': end('HTTP/1.1 200 OK\r\n: x\r\n\r\n'),
  'a NUL in a header': end('HTTP/1.1 200 OK\r\nx: \0\r\n\r\n'),
  'a length that is none': end(message('200 OK', ['content-length: many'], RECORD)),
  'a length beyond all numbers': end(message('200 OK', [`content-length: 1${'0'.repeat(40)}`], RECORD)),
  'a negative length': end(message('200 OK', ['content-length: -1'], RECORD)),
  'two lengths': end(message('200 OK', ['content-length: 31', 'content-length: 5'], RECORD)),
  'a thousand headers': end(message('200 OK', Array.from({ length: 1_000 }, (_, n) => `x-${n}: x`), RECORD)),
  'a header of a megabyte': end(message('200 OK', [`x: ${'x'.repeat(1_048_576)}`], RECORD)),
  'headers without end': (exchange) => {
    exchange.write('HTTP/1.1 200 OK\r\n');
    exchange.flood(Buffer.from(`x: ${'x'.repeat(60_000)}\r\n`));
  },
  'a chunk size that is none': end(message('200 OK', ['transfer-encoding: chunked'], `zz\r\n${RECORD}\r\n0\r\n\r\n`)),
  'a chunk size beyond all numbers': end(message('200 OK', ['transfer-encoding: chunked'], `${'f'.repeat(20)}\r\n${RECORD}`)),
  'a chunk without its end': end(message('200 OK', ['transfer-encoding: chunked'], `5\r\n${RECORD}\r\n0\r\n\r\n`)),
  'an empty body': answer(sized('200 OK', '')),
  "a proxy's page": answer(sized('200 OK', '<html><h1>It works</h1></html>', 'content-type: text/html')),
  'bytes that are not UTF-8': answer(sized('200 OK', NOT_UTF8)),
  'compressed bytes nobody asked for': answer(sized('200 OK', Buffer.from([0x1f, 0x8b, 8, 0, 0]), 'content-encoding: gzip')),
  'JSON of another kind': answer(ok('[1,2,3]')),
  'JSON without success': answer(ok('{"data":{}}')),
  'data that is null': answer(ok('{"success":true,"data":null}')),
  'two answers in one body': answer(ok(RECORD + RECORD)),
  'a control character in a key': answer(ok('{"success":true,"data":{"a\tb":1}}')),
};

/** Permanent: larger than `maxBodyBytes`. */
const TOO_LARGE = {
  'a length of petabytes': write(message('200 OK', ['content-length: 9007199254740993'], RECORD)),
  'an endless body': (exchange) => {
    exchange.write(message('200 OK', []));
    exchange.flood(BLOCK);
  },
  'endless chunks': (exchange) => {
    exchange.write(message('200 OK', ['transfer-encoding: chunked']));
    exchange.flood(Buffer.from(`ff\r\n${'x'.repeat(255)}\r\n`));
  },
};

/** Statuses: the number is the status in the call's error. */
const STATUS = {
  'a wrong path': [404, answer(sized('404 Not Found', '{"error":"Endpoint not found"}'))],
  'a 404 cut short': [404, end(message('404 Not Found', ['content-length: 21'], MISSING.slice(0, -1)))],
  'a 404 whose body stalls': [404, write(message('404 Not Found', ['content-length: 21'], MISSING.slice(0, 9)))],
  'a 404 of bad chunks': [404, end(message('404 Not Found', ['transfer-encoding: chunked'], `zz\r\n${MISSING}`))],
  'a 404 without end': [404, (exchange) => {
    exchange.write(message('404 Not Found', []));
    exchange.flood(BLOCK);
  }],
  'no content': [204, answer(message('204 No Content', []))],
  'another protocol': [101, write(message('101 Switching Protocols', ['upgrade: x', 'connection: upgrade']))],
  'a status beyond the known': [799, answer(sized('799 Odd', MISSING))],
  'a redirect to itself': [302, answer(sized('302 Found', '', 'location: /get?soul=a'))],
  'a redirect to another host': [301, answer(sized('301 Moved', '', 'location: http://127.0.0.2/get?soul=a'))],
  'a redirect to another scheme': [307, answer(sized('307 Temporary', '', 'location: file:///etc/hosts'))],
  'a redirect to nowhere': [302, answer(sized('302 Found', '', 'location: http://['))],
  'too many requests': [429, answer(sized('429 Too Many Requests', '{"error":"Not found"}'))],
  'out of order': [500, answer(sized('500 Internal Server Error', RECORD))],
  'out of order, without end': [503, (exchange) => {
    exchange.write(message('503 Service Unavailable', []));
    exchange.flood(BLOCK);
  }],
};

/** Unusual but valid: a record. */
const RECORDS = {
  'in pieces': (exchange) => exchange.drip([...RECORD].map((_, at) => ok(RECORD).subarray(at * 4, at * 4 + 4)), 1),
  'after other statuses': answer(Buffer.concat([message('100 Continue', []), message('103 Early Hints', ['link: x']), ok(RECORD)])),
  'in chunks of a byte': answer(chunked('200 OK', ...RECORD)),
  'with chunk extensions and a trailer': answer(
    message('200 OK', ['transfer-encoding: chunked'], `1f;a=b\r\n${RECORD}\r\n0\r\nx-sum: 1\r\n\r\n`),
  ),
  'up to the end of the connection': end(message('200 OK', [], RECORD)),
  'in HTTP/1.0': end(`HTTP/1.0 200 OK\r\n\r\n${RECORD}`),
  'as text/html': answer(sized('200 OK', RECORD, 'content-type: text/html; charset=latin1')),
  'with a length and chunks': answer(
    message('200 OK', ['content-length: 5', 'transfer-encoding: chunked'], `1f\r\n${RECORD}\r\n0\r\n\r\n`),
  ),
  'and a close': end(sized('200 OK', RECORD, 'connection: close')),
  'with keys given twice': answer(ok('{"success":false,"data":{"n":2},"success":true,"data":{"n":2,"n":1}}')),
};

/** Unusual but valid: a missing soul. */
const MISSES = {
  'in pieces': (exchange) => exchange.drip([...missing()].map((byte) => Buffer.of(byte)), 0),
  'in chunks of a byte': answer(chunked('404 Not Found', ...MISSING)),
  'up to the end of the connection': end(message('404 Gone Fishing', [], MISSING)),
  'after other statuses': answer(Buffer.concat([message('102 Processing', []), missing()])),
};

module.exports = { CUT, DEEP, GARBAGE, LOST, MISSES, RECORDS, SLOW, STATUS, TOO_LARGE };
