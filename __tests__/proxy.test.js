'use strict';

const http = require('http');
const https = require('https');
const net = require('net');
const { once } = require('events');
const { missing, record } = require('./helpers/answers');
const { newAuthority } = require('./helpers/certificates');
const { runNode } = require('./helpers/child');
const { closedAfterTest } = require('./helpers/servers');
const { failureOf, newClient, newRelay, thrownBy } = require('./helpers/setup');

async function listen(server) {
  closedAfterTest(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server.address().port;
}

/** A proxy that makes tunnels, and keeps what it saw. `refuse` makes it answer 407. */
async function newProxy({ refuse = false } = {}) {
  const seen = [];
  const server = http.createServer((request, response) => {
    seen.push({ method: request.method, url: request.url, headers: request.headers });
    response.writeHead(400).end();
  });
  server.on('connect', (request, socket) => {
    seen.push({ method: request.method, url: request.url, headers: request.headers });
    if (refuse) return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const [host, port] = request.url.split(':');
    const onward = net.connect(port, host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    for (const end of [socket, onward]) end.on('error', () => onward.destroy() && socket.destroy());
    socket.on('close', () => onward.destroy());
    return undefined;
  });
  const port = await listen(server);
  return { seen, url: `http://127.0.0.1:${port}`, withCredentials: `http://us%40er:s3cr3t@127.0.0.1:${port}` };
}

const BASIC = `Basic ${Buffer.from('us@er:s3cr3t').toString('base64')}`;

test('an http relay is asked through a tunnel too, and does not see the credentials of the proxy', async () => {
  const [relay, proxy] = [await newRelay({ a: record({ n: 1 }), b: missing() }), await newProxy()];
  const client = newClient({ relayUrl: relay.url.replace('//', '//relay:own@'), proxy: proxy.withCredentials, maxInFlight: 1 });
  expect(await client.getRecords(['a', 'b'])).toEqual([{ n: 1 }, null]);
  expect(proxy.seen).toHaveLength(1);
  expect(proxy.seen[0]).toMatchObject({ method: 'CONNECT', url: new URL(relay.url).host, headers: { 'proxy-authorization': BASIC } });
  expect(relay.requests.map(({ url }) => url)).toEqual(['/get?soul=a', '/get?soul=b']);
  expect(relay.requests[0].headers).not.toHaveProperty('proxy-authorization');
  expect(relay.requests[0].headers.authorization).toMatch(/^Basic /);
});

test('an https relay is asked through a tunnel, in which the proxy sees nothing', async () => {
  const authority = await newAuthority();
  const headers = [];
  const port = await listen(
    https.createServer(await authority.issue(), (request, response) => {
      headers.push(request.headers);
      response.end('{"success":true,"data":{"n":1}}');
    }),
  );
  const proxy = await newProxy();
  const client = newClient({ relayUrl: `https://t0k:en@127.0.0.1:${port}`, ca: authority.cert, proxy: proxy.withCredentials, headers: { 'x-key': 'k3y' } });
  expect(await client.getRecord('a')).toEqual({ n: 1 });
  expect(proxy.seen).toHaveLength(1);
  expect(proxy.seen[0]).toMatchObject({ method: 'CONNECT', url: `127.0.0.1:${port}`, headers: { 'proxy-authorization': BASIC } });
  expect(JSON.stringify(proxy.seen)).not.toMatch(/k3y|dDBrOmVu/);
  expect(headers[0]).not.toHaveProperty('proxy-authorization');
  expect(headers[0]).toMatchObject({ 'x-key': 'k3y', authorization: expect.stringMatching(/^Basic /) });
});

test('a proxy that refuses, or is not there, is a failure like any other, without its credentials', async () => {
  const relay = await newRelay();
  const [refuses, gone] = [await newProxy({ refuse: true }), 'http://us%40er:s3cr3t@127.0.0.1:1'];
  const errors = [
    await failureOf(newClient({ relayUrl: relay.url, proxy: refuses.withCredentials, retries: 0 }).getRecord('a')),
    await failureOf(newClient({ relayUrl: 'https://127.0.0.1:2', proxy: refuses.withCredentials, retries: 0 }).getRecord('a')),
    await failureOf(newClient({ relayUrl: relay.url, proxy: gone, retries: 0 }).getRecord('a')),
  ];
  expect(errors.map(({ code, status }) => [code, status])).toEqual([
    ['ERR_GUN_CONNECT', undefined],
    ['ERR_GUN_CONNECT', undefined],
    ['ERR_GUN_CONNECT', undefined],
  ]);
  for (const error of errors) expect(`${error.stack} ${error.cause} ${JSON.stringify(error)}`).not.toMatch(/s3cr3t|us@er|us%40er/);
  expect(relay.requests).toHaveLength(0);
});

test('the proxies of the environment are not used', async () => {
  const [relay, proxy] = [await newRelay({ a: record({ n: 1 }) }), await newProxy()];
  const script = `require('./index.js').getRecord('a').then((record) => console.log(JSON.stringify(record)));`;
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy', 'GUN_PROXY'];
  const env = { GUN_PEERS: relay.url, ...Object.fromEntries(names.map((name) => [name, proxy.url])) };
  expect((await runNode(script, { env })).stdout).toBe('{"n":1}\n');
  expect([proxy.seen.length, relay.requests.length]).toEqual([0, 1]);
});

test.each(['', 'proxy:3128', 'ftp://us%40er:s3cr3t@proxy', 'https://us%40er:s3cr3t@proxy', 'socks5://us%40er:s3cr3t@proxy', 'http://us%40er:s3cr3t@proxy/path', 'http://proxy?x=1', 'http://proxy#x', 5, false, null, {}])(
  'proxy is not %p',
  (proxy) => {
    const error = thrownBy(() => newClient({ proxy }));
    expect(error).toMatchObject({ code: 'ERR_GUN_INVALID_ARGUMENT' });
    expect(error.message).toMatch(/^option proxy must be an http URL without path, query or fragment, got /);
    expect(`${error.stack}`).not.toMatch(/s3cr3t|us%40er/);
  },
);
