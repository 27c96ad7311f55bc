'use strict';

const zlib = require('zlib');
const { record, status } = require('./helpers/answers');
const { failureOf, newRelay, setup } = require('./helpers/setup');
const { runNode } = require('./helpers/child');

test('a request is a plain GET without body, referrer, cookie or compression', async () => {
  const { relay, client } = await setup({ a: status(200, { 'set-cookie': 'a=b' }, '{"success":true,"data":{}}') });
  await client.getRecord('a');
  await client.getRecord('a');
  for (const { method, headers } of relay.requests) {
    expect(method).toBe('GET');
    expect(headers.host).toBe(new URL(relay.url).host);
    for (const name of ['accept-encoding', 'referer', 'cookie', 'content-length', 'transfer-encoding']) {
      expect(headers).not.toHaveProperty(name);
    }
  }
});

test('a body that is compressed unasked is not read as a record', async () => {
  const body = zlib.gzipSync('{"success":true,"data":{"n":1}}');
  const { client } = await setup({ a: status(200, { 'content-encoding': 'gzip' }, body) });
  expect((await failureOf(client.getRecord('a'))).code).toBe('ERR_GUN_BAD_RESPONSE');
});

test('proxy variables of the environment are off', async () => {
  const [relay, proxy] = [await newRelay({ a: record({ n: 1 }) }), await newRelay()];
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'];
  const env = Object.fromEntries(names.map((name) => [name, proxy.url]));
  const script = `require('./index.js').getRecord('a').then((record) => console.log(JSON.stringify(record)));`;
  const { stdout } = await runNode(script, { env: { ...env, GUN_PEERS: relay.url } });
  expect(stdout).toBe('{"n":1}\n');
  expect(proxy.connections).toBe(0);
});
