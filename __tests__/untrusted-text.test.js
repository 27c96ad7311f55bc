'use strict';

const net = require('net');
const { inspect } = require('util');
const { once } = require('events');
const { json, raw, redirect, status } = require('./helpers/answers');
const { recordingLogger } = require('./helpers/logger');
const { failureOf, newClient, setup, thrownBy } = require('./helpers/setup');

/** Breaks a line, clears a screen, turns the reading direction, hides. */
const EVIL = 'EVIL\r\n\u001b[2J\u0007\u0000\u007f\u009b\u202e\u2028\u200b\ufeff"';
const UNSEEN = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u;
const LONG = 'é'.repeat(2_048);

function expectPlain(...texts) {
  for (const text of texts) {
    expect(text).not.toMatch(UNSEEN);
    expect(text.length).toBeLessThan(1_000);
  }
}

/** What the helper logs of an error, and what lies below it. */
const messagesOf = (error) => [error.message, ...(error.cause ? messagesOf(error.cause) : [])];

test.each([
  ['evil', EVIL],
  ['long', LONG],
  ['both', `${EVIL}${'\u001b'.repeat(4_000)}`],
])('a soul in a message breaks no line and floods no log: %s', async (_what, soul) => {
  const { relay, client } = await setup(() => status(503), { retries: 0, breaker: { failures: 1, afterMs: 0 } });
  const failures = [await failureOf(client.getRecord(soul)), ...(await client.getRecords([soul]))];
  expect(failures.map(({ code }) => code)).toEqual(['ERR_GUN_STATUS', 'ERR_GUN_CIRCUIT_OPEN']);
  await client.close();
  failures.push(await failureOf(client.getRecord(soul)));
  for (const error of failures) {
    expectPlain(...messagesOf(error));
    // The first line of a stack is the message.
    expect(error.stack.split('\n')[1]).toMatch(/^\s+at /);
  }
  // It arrives unharmed all the same, and as one line of HTTP.
  expect(relay.souls[0]).toBe(soul);
  expect(failures[0].soul).toBe(soul);
});

test.each([
  ['a body', status(500, {}, EVIL)],
  ['a body of a 404', status(404, {}, `{"error":"${EVIL}"}`)],
  ['a record that is none', json(`{"success":true,"data":"${EVIL}"}`)],
  ['text that is not JSON', json(EVIL)],
  ['a body cut short', json(`{"EVIL": "${EVIL}`)],
  ['a reason phrase', raw('HTTP/1.1 500 EVIL \u001b[2J\r\n\r\n')],
  ['a header', status(500, { 'retry-after': 'EVIL', 'x-evil': 'EVIL' })],
  ['something that is not HTTP', raw(`${EVIL}\r\n\r\n`)],
  ['a header that is none', raw(`HTTP/1.1 200 OK\r\n${EVIL}\r\n\r\n`)],
  ['a broken transfer coding', raw('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nEVIL\u001b\r\n')],
])('nothing of what a relay says reaches a message: %s', async (_what, answer) => {
  const logger = recordingLogger();
  const { client } = await setup({ a: answer }, { retries: 0, logger, statsEvery: 1 });
  const error = await failureOf(client.getRecord('a'));
  expectPlain(...messagesOf(error), ...logger.lines.flat());
  expect([inspect(error, { showHidden: true, depth: Infinity }), JSON.stringify(error), ...logger.lines.flat()].join()).not.toMatch(/evil/i);
});

test('a redirect elsewhere shows where it points: a URL on one line, without what may be a secret', async () => {
  const { client } = await setup({ a: redirect('http://user:EVIL@elsewhere.example/%E2%80%AE?key=EVIL#EVIL') });
  const { message } = await failureOf(client.getRecord('a'));
  expectPlain(message);
  expect(message).toContain('it points to "http://elsewhere.example/%E2%80%AE", another origin');
  expect(message).not.toContain('EVIL');
});

test('a record with such text is a record, and reaches no log', async () => {
  const logger = recordingLogger();
  const { client } = await setup({ a: json(JSON.stringify({ success: true, data: { [EVIL]: EVIL } })) }, { logger, statsEvery: 1 });
  expect(await client.getRecord('a')).toEqual({ [EVIL]: EVIL });
  expect(logger.lines).toHaveLength(1);
  expectPlain(logger.lines[0][1]);
});

test.each([EVIL, LONG.repeat(10), Symbol(EVIL), 10n ** 5_000n, [EVIL], { [EVIL]: EVIL }, Object.assign(() => {}, { toString: () => EVIL })])(
  'a bad argument or option is shown on one line: %#',
  async (bad) => {
    const { client } = await setup();
    const errors = [
      thrownBy(() => client.invalidate(bad.length > 5_000 ? bad : [bad])),
      await failureOf(client.getRecord('a', { timeoutMs: bad })),
      await failureOf(client.getRecord('a', { signal: [bad] })),
      await failureOf(client.getRecords(bad === EVIL ? bad : { bad })),
      thrownBy(() => newClient({ retries: bad })),
      thrownBy(() => newClient({ breaker: Array.isArray(bad) ? 1 : typeof bad === 'object' ? null : bad })),
      thrownBy(() => newClient({ relayUrl: bad })),
      thrownBy(() => newClient({ logger: bad })),
      thrownBy(() => newClient({ headers: { [EVIL]: 'x' } })),
      thrownBy(() => newClient({ headers: { 'x-evil': `x${EVIL}` } })),
    ];
    for (const error of errors) {
      expect(error.code).toBe('ERR_GUN_INVALID_ARGUMENT');
      expectPlain(error.message);
    }
  },
);

test('no soul writes a header or a second request', async () => {
  const received = [];
  const server = net.createServer((socket) => {
    socket.on('error', () => {}).on('data', (bytes) => received.push(bytes.toString('latin1')) && socket.end('HTTP/1.1 400 Bad\r\ncontent-length: 0\r\n\r\n'));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = newClient({ relayUrl: `http://127.0.0.1:${server.address().port}`, retries: 0 });
  await failureOf(client.getRecord('a HTTP/1.1\r\nx-evil: 1\r\n\r\nGET /evil HTTP/1.1\r\n\r\n'));
  server.close();
  const [head, rest] = received.join('').split('\r\n\r\n');
  expect(rest).toBe('');
  expect(head.split('\r\n').map((line) => line.split(/[: ]/)[0])).toEqual(expect.arrayContaining(['GET', 'host']));
  expect(head).not.toMatch(/^(x-evil|GET \/evil)/im);
});
