'use strict';

const answers = require('./helpers/answers');
const { failureOf, newClient, setup } = require('./helpers/setup');

const { json, status } = answers;
const RECORD = '{"success":true,"data":{"n":1}}';

/** Settles one call; tells how, how often the relay was asked, and whether the soul is remembered as missing. */
async function ask(answer, options) {
  const { relay, client } = await setup({ a: answer }, options);
  const outcome = await client.getRecord('a').then(
    (record) => record,
    (error) => error,
  );
  return { outcome, sent: relay.requests.length, remembered: client.cacheStats().size === 1, relay };
}

const notFound = (body) => status(404, {}, body);

test.each([
  ['the relay says so', answers.missing()],
  ['it says so in capitals', notFound('{"error":"NOT FOUND"}')],
  ['it says so in small letters', notFound('{"error":"not found"}')],
  ['it says more besides', notFound(' { "soul": "a", "error": "Not found", "took": 3 }\n')],
  ['it says so in escapes', notFound(String.raw`{"err\u006fr":"N\u006ft found"}`)],
])('missing, remembered and asked for once: %s', async (_why, answer) => {
  const { outcome, sent, remembered } = await ask(answer);
  expect({ outcome, sent, remembered }).toEqual({ outcome: null, sent: 1, remembered: true });
});

const PEERS_404 = '{"error":"Request failed with status code 404","success":false}';

test.each([
  ['as it writes it', PEERS_404],
  ['in another order and form', ' { "success" : false, "error": "Request failed with status code 40\\u0034" }\n'],
])("a peer's 500 for a missing soul is missing, remembered and asked for once: %s", async (_why, body) => {
  const { outcome, sent, remembered } = await ask(status(500, {}, body));
  expect({ outcome, sent, remembered }).toEqual({ outcome: null, sent: 1, remembered: true });
});

test.each([
  ['another of its errors', '{"error":"timeout of 10000ms exceeded","success":false}'],
  ['another status', '{"error":"Request failed with status code 403","success":false}'],
  ['another field besides', `${PEERS_404.slice(0, -1)},"soul":"a"}`],
  ['no success', '{"error":"Request failed with status code 404"}'],
  ['success', '{"error":"Request failed with status code 404","success":true}'],
  ['a list', '["Request failed with status code 404",false]'],
  ['half a body', PEERS_404.slice(0, -1)],
  ['a large page', `${PEERS_404}${' '.repeat(1_000_000)}`],
])('another 500 is retried and not remembered: %s', async (_what, body) => {
  const { outcome, sent, remembered } = await ask(status(500, {}, body));
  expect(outcome).toMatchObject({ code: 'ERR_GUN_STATUS', status: 500, attempts: 3, retryable: true });
  expect({ sent, remembered }).toEqual({ sent: 3, remembered: false });
});

test.each([400, 404, 502, 503])("a peer's words with status %i do not say missing", async (code) => {
  const { outcome, remembered } = await ask(status(code, {}, PEERS_404));
  expect(outcome).toMatchObject({ code: 'ERR_GUN_STATUS', status: code });
  expect(remembered).toBe(false);
});

test.each([
  ['a wrong path', answers.endpointNotFound()],
  ["a proxy's page", notFound('<html><h1>Not found</h1></html>')],
  ['nothing', notFound('')],
  ['a bare string', notFound('"Not found"')],
  ['a list', notFound('["Not found"]')],
  ['a list within', notFound('{"error":["Not found"]}')],
  ['an object within', notFound('{"error":{"error":"Not found"}}')],
  ['another field', notFound('{"message":"Not found"}')],
  ['more than the two words', notFound('{"error":"Not found: no route"}')],
  ['white space around them', notFound('{"error":" Not found "}')],
  ['half a body', notFound('{"error":"Not found"')],
  ['a large page', notFound('x'.repeat(1_000_000))],
  ['a cut body', answers.raw('HTTP/1.1 404 Not Found\r\ncontent-length: 21\r\n\r\n{"error"')],
])('another 404 is a failure, asked for once and not remembered: %s', async (_what, answer) => {
  const { outcome, sent, remembered } = await ask(answer);
  expect(outcome).toMatchObject({ code: 'ERR_GUN_STATUS', status: 404, attempts: 1, retryable: false });
  expect({ sent, remembered }).toEqual({ sent: 1, remembered: false });
});

test('a 404 whose body stalls is a failure, asked for once and not remembered', async () => {
  const stalled = answers.stallAfter('HTTP/1.1 404 Not Found\r\ncontent-length: 21\r\n\r\n{"error"');
  const { outcome, sent, remembered } = await ask(stalled, { attemptTimeoutMs: 100 });
  expect(outcome).toMatchObject({ code: 'ERR_GUN_STATUS', status: 404, attempts: 1 });
  expect({ sent, remembered }).toEqual({ sent: 1, remembered: false });
});

test.each([408, 425, 429, 500, 502, 503, 504])('%i is retried and not remembered', async (code) => {
  const { outcome, sent, remembered } = await ask(status(code, {}, '{"error":"Not found"}'));
  expect(outcome).toMatchObject({ code: 'ERR_GUN_STATUS', status: code, attempts: 3, retryable: true });
  expect({ sent, remembered }).toEqual({ sent: 3, remembered: false });
});

test.each([
  201, 202, 203, 204, 205, 206, 207, 226, 300, 304, 305, 400, 401, 402, 403, 405, 406, 407, 409, 410, 411, 412, 413,
  414, 415, 416, 417, 418, 421, 422, 423, 424, 426, 428, 431, 451, 501, 505, 506, 507, 508, 510, 511, 520, 599,
])('%i is a failure, asked for once and not remembered', async (code) => {
  const { outcome, sent, remembered } = await ask(status(code, {}, [204, 304].includes(code) ? '' : RECORD));
  expect(outcome).toMatchObject({ code: 'ERR_GUN_STATUS', status: code, attempts: 1, retryable: false });
  expect({ sent, remembered }).toEqual({ sent: 1, remembered: false });
});

test.each([
  ['reset', answers.reset()],
  ['closed before the answer', answers.closeEarly()],
  ['closed within the status line', answers.raw('HTTP/1.1 20')],
  ['closed within the headers', answers.raw('HTTP/1.1 200 OK\r\ncontent-le')],
  ['reset within the headers', answers.reset('HTTP/1.1 200 OK\r\ncontent-le')],
])('a lost connection is retried and not remembered: %s', async (_how, answer) => {
  const { outcome, sent, remembered } = await ask(answer);
  expect(outcome).toMatchObject({ code: 'ERR_GUN_CONNECT', attempts: 3, retryable: true });
  expect(outcome.status).toBeUndefined();
  expect({ sent, remembered }).toEqual({ sent: 3, remembered: false });
});

test('a refused connection is ERR_GUN_CONNECT after the last attempt', async () => {
  const { relay, client } = await setup();
  await relay.close();
  const error = await failureOf(client.getRecord('a'));
  expect(error).toMatchObject({ code: 'ERR_GUN_CONNECT', attempts: 3, retryable: true });
  expect(client.cacheStats()).toMatchObject({ size: 0, requests: { sent: 3, failed: { ERR_GUN_CONNECT: 1 } } });
});

test('a name that does not resolve is ERR_GUN_CONNECT after the last attempt', async () => {
  // DNS labels have at most 63 characters, so that no server is asked about this one.
  const client = newClient({ relayUrl: `http://${'x'.repeat(64)}.invalid` });
  const error = await failureOf(client.getRecord('a'));
  expect(error).toMatchObject({ code: 'ERR_GUN_CONNECT', attempts: 3, retryable: true });
});

test('no answer in time is ERR_GUN_TIMEOUT, retried', async () => {
  const { outcome, sent, remembered } = await ask(answers.stall(), { attemptTimeoutMs: 50 });
  expect(outcome).toMatchObject({ code: 'ERR_GUN_TIMEOUT', attempts: 3, retryable: true });
  expect({ sent, remembered }).toEqual({ sent: 3, remembered: false });
});

test.each([
  ['within its length', answers.truncated(RECORD)],
  ['within its chunks', answers.truncatedChunks('{"success":tr')],
  ['after a reset', answers.reset('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"success"')],
  ['within its JSON', json(RECORD.slice(0, -3))],
  ['within a string', json('{"success":true,"data":{"a":"b')],
  ['within a character', json(Buffer.from('{"success":true,"data":{"a":"é').subarray(0, -1))],
])('a body cut short is retried: %s', async (_where, answer) => {
  const { outcome, sent, remembered } = await ask(answer);
  expect(outcome).toMatchObject({ code: 'ERR_GUN_BAD_RESPONSE', attempts: 3, retryable: true });
  expect({ sent, remembered }).toEqual({ sent: 3, remembered: false });
});

test.each([
  ['nothing', ''],
  ['white space', ' \n'],
  ['a page', '<html>welcome</html>'],
  ['a number', '5'],
  ['null', 'null'],
  ['a list', '[{"success":true,"data":{}}]'],
  ['a string', JSON.stringify(RECORD)],
  ['an empty object', '{}'],
  ['no data', '{"success":true}'],
  ['no success', '{"data":{"n":1}}'],
  ['success as text', '{"success":"true","data":{"n":1}}'],
  ['success as a number', '{"success":1,"data":{"n":1}}'],
  ['success as null', '{"success":null,"data":{"n":1}}'],
  ['data that is null', '{"success":true,"data":null}'],
  ['data that is a list', '{"success":true,"data":[1]}'],
  ['data that is text', '{"success":true,"data":"{}"}'],
  ['data that is a number', '{"success":true,"data":5}'],
  ['data that is a boolean', '{"success":true,"data":true}'],
  ['something behind it', `${RECORD} x`],
  ['two answers', RECORD + RECORD],
  ['a comma too many', '{"success":true,"data":{"n":1,}}'],
  ['single quotes', "{'success':true,'data':{}}"],
  ['bytes that are not UTF-8', Buffer.concat([Buffer.from('{"success":true,"data":{"a":"'), Buffer.of(0xff, 0xfe), Buffer.from('"}}')])],
])('a 200 that cannot be read is ERR_GUN_BAD_RESPONSE, asked for once: %s', async (_what, body) => {
  const { outcome, sent, remembered } = await ask(json(body));
  expect(outcome).toMatchObject({ code: 'ERR_GUN_BAD_RESPONSE', attempts: 1, retryable: false });
  expect({ sent, remembered }).toEqual({ sent: 1, remembered: false });
});

test.each([
  ['no HTTP at all', answers.raw('SSH-2.0-OpenSSH_9.9\r\n')],
  ['a chunk of wrong length', answers.raw('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n')],
])('what is not HTTP is ERR_GUN_BAD_RESPONSE, asked for once: %s', async (_what, answer) => {
  const { outcome, sent, remembered } = await ask(answer);
  expect(outcome).toMatchObject({ code: 'ERR_GUN_BAD_RESPONSE', attempts: 1, retryable: false });
  expect({ sent, remembered }).toEqual({ sent: 1, remembered: false });
});

test('an interim answer is not the answer', async () => {
  const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n';
  const { outcome, sent } = await ask(
    answers.raw(`${hints}HTTP/1.1 200 OK\r\ncontent-length: ${RECORD.length}\r\n\r\n${RECORD}`),
  );
  expect({ outcome, sent }).toEqual({ outcome: { n: 1 }, sent: 1 });
});

test('a record that the connection ends, without a length, is read', async () => {
  const { outcome } = await ask(answers.raw(`HTTP/1.1 200 OK\r\n\r\n${RECORD}`));
  expect(outcome).toEqual({ n: 1 });
});
