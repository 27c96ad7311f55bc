'use strict';

const { inspect } = require('util');
const { status } = require('./helpers/answers');
const { failureOf, newClient, newRelay, thrownBy } = require('./helpers/setup');
const { newSelfSigned } = require('./helpers/certificates');
const { runNode } = require('./helpers/child');
const { recordingLogger } = require('./helpers/logger');

const SECRETS = ['us3r', 's3cret', Buffer.from('us3r:s3cret').toString('base64'), 't0ken'];

/** Everything that can be read off a value. */
function everythingOf(value) {
  const own = value instanceof Error ? [value.message, value.stack, String(value), everythingOf(value.cause ?? '')] : [];
  return [inspect(value, { depth: Infinity, showHidden: true, getters: true }), JSON.stringify(value), ...own].join('\n');
}

function expectNoSecretIn(...values) {
  for (const value of values) {
    for (const secret of SECRETS) expect(everythingOf(value)).not.toContain(secret);
  }
}

/** A client whose relay asks for credentials. */
async function withCredentials(answer, options) {
  const relay = await newRelay({ a: answer });
  const client = newClient({ relayUrl: relay.url.replace('//', '//us3r:s3cret@'), headers: { 'x-key': 't0ken' }, ...options });
  return { relay, client };
}

test('user and password of the URL become basic auth', async () => {
  const { relay, client } = await withCredentials(status(400));
  await failureOf(client.getRecord('a'));
  expect(relay.requests[0].headers.authorization).toBe(`Basic ${SECRETS[2]}`);
  expect(relay.requests[0].url).toBe('/get?soul=a');
});

test.each([
  ['us%40er:p%3Aa%20ss', 'us@er:p:a ss'],
  ['user', 'user:'],
  [':password', ':password'],
  ['%D1%84:%F0%9F%94%91', 'ф:🔑'],
])('%s is sent as %s', async (written, meant) => {
  const relay = await newRelay();
  await newClient({ relayUrl: relay.url.replace('//', `//${written}@`) }).getRecord('a');
  const [scheme, credentials] = relay.requests[0].headers.authorization.split(' ');
  expect([scheme, Buffer.from(credentials, 'base64').toString()]).toEqual(['Basic', meant]);
});

test.each([
  ['a status', status(503)],
  ['a connection', null],
])('no failure shows them: %s', async (_what, answer) => {
  const { relay, client } = await withCredentials(answer);
  if (answer === null) await relay.close();
  const error = await failureOf(client.getRecord('a'));
  expect(error.message).toContain('relay http://127.0.0.1:');
  expectNoSecretIn(error, ...(await client.getRecords(['a', 'b'])).filter(Boolean));
});

test('client, stats and log show none', async () => {
  const logger = recordingLogger();
  const { client } = await withCredentials(status(400), { logger, statsEvery: 1 });
  await failureOf(client.getRecord('a'));
  expect(logger.lines).toHaveLength(1);
  expectNoSecretIn(client, client.cacheStats(), logger.lines);
});

test('a client with a key and a proxy shows nothing of them', async () => {
  const identity = await newSelfSigned();
  const keyLines = identity.key.split('\n').filter((line) => line.length > 20 && !line.startsWith('-'));
  const client = newClient({ relayUrl: 'https://127.0.0.1:1', proxy: 'http://us3r:s3cret@127.0.0.1:1', retries: 0, ...identity });
  const error = await failureOf(client.getRecord('a'));
  expectNoSecretIn(client, error, client.cacheStats());
  for (const line of keyLines) expect([client, error].map(everythingOf).join()).not.toContain(line);
});

test.each(['ftp://us3r:s3cret@relay', 'http://us3r:s3cret@', 'http://us3r:s3cret@relay?x', 'http://us3r:s3@s3cret@relay/#', 'us3r:s3cret@relay'])(
  'a refused URL does not show them: %s',
  (relayUrl) => {
    const error = thrownBy(() => newClient({ relayUrl }));
    expect(error.code).toBe('ERR_GUN_INVALID_ARGUMENT');
    expectNoSecretIn(error);
  },
);

test('a refused GUN_PEERS does not show them', async () => {
  const script = `require('./index.js').getRecord('a').catch((error) => console.log(error.code, error));`;
  const { stdout } = await runNode(script, { env: { GUN_PEERS: 'wss://us3r:s3cret@relay/other,ftp://us3r:s3cret@other' } });
  expect(stdout).toContain('ERR_GUN_INVALID_ARGUMENT');
  expectNoSecretIn(stdout);
});
