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

/** A proxy that forwards and makes tunnels, and keeps what it saw. `answer` is what it says instead: `[status, body, headers]`. */
async function newProxy({ answer } = {}) {
  const seen = [];
  const server = http.createServer((request, response) => {
    seen.push({ method: request.method, url: request.url, headers: request.headers });
    if (answer) return response.writeHead(answer[0], answer[2]).end(answer[1]);
    const headers = { ...request.headers };
    delete headers['proxy-authorization'];
    const onward = http.request(request.url, { method: request.method, headers, agent: false }, (answered) => {
      response.writeHead(answered.statusCode, answered.headers);
      answered.pipe(response);
    });
    onward.on('error', () => response.destroy());
    return onward.end();
  });
  server.on('connect', (request, socket) => {
    seen.push({ method: request.method, url: request.url, headers: request.headers });
    if (answer) return socket.end(`HTTP/1.1 ${answer[0]} No\r\ncontent-length: ${answer[1].length}\r\n\r\n${answer[1]}`);
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

test('an http relay is asked by the absolute form, and does not see the credentials of the proxy', async () => {
  const [relay, proxy] = [await newRelay({ a: record({ n: 1 }), b: missing() }), await newProxy()];
  const client = newClient({ relayUrl: relay.url.replace('//', '//relay:own@'), proxy: proxy.withCredentials, maxInFlight: 1 });
  expect(await client.getRecords(['a', 'b'])).toEqual([{ n: 1 }, null]);
  expect(proxy.seen).toHaveLength(2);
  expect(proxy.seen[0]).toMatchObject({ method: 'GET', url: `${relay.url}/get?soul=a`, headers: { 'proxy-authorization': BASIC, host: new URL(relay.url).host } });
  expect(relay.requests.map(({ url }) => url)).toEqual(['/get?soul=a', '/get?soul=b']);
  expect(relay.requests[0].headers).not.toHaveProperty('proxy-authorization');
  expect(relay.requests[0].headers.authorization).toMatch(/^Basic /);
});

test.each([
  ['option relayUrl', { relayUrl: 'http://us:p@bücher.example:8765/ä' }],
  ['a URL', { relayUrl: new URL('http://us:p@bücher.example:8765/ä') }],
  ['option fallbackUrls', { relayUrl: 'http://127.0.0.1:1', fallbackUrls: ['http://us:p@BÜCHER.example:8765/ä'] }],
])('a host name beyond ASCII is asked for in punycode: %s', async (_what, options) => {
  const proxy = await newProxy({ answer: [503, 'not now'] });
  await newClient({ ...options, proxy: proxy.url, retries: 0 }).getRecord('a').catch(() => {});
  expect(proxy.seen.map(({ url }) => url)).toContain('http://xn--bcher-kva.example:8765/%C3%A4/get?soul=a');
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

const PAGE = '<html><h1>Not found</h1></html>';
const NOT_FOUND = '{"error":"Not found"}';
const PEERS_404 = '{"error":"Request failed with status code 404","success":false}';

test.each([
  ['407', [407, '', { 'proxy-authenticate': 'Basic' }], 1],
  ['a page as its 404', [404, PAGE], 1],
  ['a 404 that says it is its own', [404, NOT_FOUND, { 'proxy-status': 'proxy.example; error=destination_not_found' }], 1],
  ['a 404 of Squid', [404, NOT_FOUND, { 'x-squid-error': 'ERR_DNS_FAIL 0' }], 1],
  ['a 500 that says it is its own', [500, PEERS_404, { 'proxy-status': 'proxy.example; error=proxy_internal_error' }], 2],
  ['502', [502, PAGE], 2],
])("a forwarding proxy's own answer is never the relay's word, and the message names it: %s", async (_what, answer, attempts) => {
  const [relay, proxy] = [await newRelay(), await newProxy({ answer })];
  const client = newClient({ relayUrl: relay.url, proxy: proxy.withCredentials, retries: 1 });
  const error = await failureOf(client.getRecord('a'));
  expect(error).toMatchObject({ code: 'ERR_GUN_STATUS', status: answer[0], attempts });
  expect(error.message).toContain(`proxy ${proxy.url}`);
  expect(client.cacheStats()).toMatchObject({ size: 0, requests: { missing: 0 } });
  expectNoCredentials(error);
});

test('a 200 with a page of a forwarding proxy is not a record', async () => {
  const [relay, proxy] = [await newRelay(), await newProxy({ answer: [200, PAGE] })];
  const error = await failureOf(newClient({ relayUrl: relay.url, proxy: proxy.url }).getRecord('a'));
  expect(error).toMatchObject({ code: 'ERR_GUN_BAD_RESPONSE', attempts: 1 });
});

test.each([[407, ''], [404, NOT_FOUND], [500, PEERS_404], [502, PAGE], ['odd', '']])('a proxy that refuses a tunnel is named with its status: %p', async (status, body) => {
  const proxy = await newProxy({ answer: [status, body] });
  const client = newClient({ relayUrl: 'https://127.0.0.1:2', proxy: proxy.withCredentials, retries: 0 });
  const error = await failureOf(client.getRecord('a'));
  expect(error).toMatchObject({ code: 'ERR_GUN_CONNECT', cause: { code: 'ERR_PROXY_TUNNEL' } });
  expect(error.message).toContain(status === 'odd' ? `proxy ${proxy.url} made no tunnel` : `proxy ${proxy.url} answered ${status} to CONNECT`);
  expect(client.cacheStats().size).toBe(0);
  for (const { method, url, headers } of proxy.seen) {
    expect([method, url, headers['proxy-authorization']]).toEqual(['CONNECT', '127.0.0.1:2', BASIC]);
  }
  expectNoCredentials(error);
});

test.each(['http', 'https'])('a proxy that is down or unknown is named, for %s', async (scheme) => {
  const options = { relayUrl: `${scheme}://127.0.0.1:2`, retries: 0 };
  const down = await failureOf(newClient({ ...options, proxy: 'http://us%40er:s3cr3t@127.0.0.1:1' }).getRecord('a'));
  expect(down).toMatchObject({ code: 'ERR_GUN_CONNECT', cause: { code: 'ECONNREFUSED' } });
  expect(down.message).toContain('proxy http://127.0.0.1:1: connection refused');
  const unknown = await failureOf(newClient({ ...options, proxy: 'http://us%40er:s3cr3t@no-proxy.invalid' }).getRecord('a'));
  expect(unknown).toMatchObject({ code: 'ERR_GUN_CONNECT', cause: { code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) } });
  expect(unknown.message).toContain('proxy http://no-proxy.invalid: host no-proxy.invalid could not be looked up');
  for (const error of [down, unknown]) expectNoCredentials(error);
});

test('a relay that cannot be trusted is not blamed on the proxy', async () => {
  const authority = await newAuthority();
  const port = await listen(https.createServer(await authority.issue(), (_request, response) => response.end()));
  const proxy = await newProxy();
  const error = await failureOf(newClient({ relayUrl: `https://127.0.0.1:${port}`, proxy: proxy.url, retries: 0 }).getRecord('a'));
  expect(error).toMatchObject({ code: 'ERR_GUN_CONNECT', cause: { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' } });
  expect(error.message).not.toContain('proxy');
});

function expectNoCredentials(error) {
  expect(`${error.stack} ${error.cause} ${JSON.stringify(error)}`).not.toMatch(/s3cr3t|us@er|us%40er/);
}

test('an https relay given by an IPv6 address has no tunnel, and an http one is forwarded', () => {
  const proxy = 'http://127.0.0.1:3128';
  const error = thrownBy(() => newClient({ proxy, relayUrl: 'https://[::1]:1' }));
  expect(error).toMatchObject({ code: 'ERR_GUN_INVALID_ARGUMENT', message: expect.stringContaining('IPv6') });
  newClient({ proxy, relayUrl: 'http://[::1]:1' });
});

test('the proxies of the environment are not used', async () => {
  const [relay, proxy] = [await newRelay({ a: record({ n: 1 }) }), await newProxy()];
  const script = `require('./index.js').getRecord('a').then((record) => console.log(JSON.stringify(record)));`;
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy', 'GUN_PROXY'];
  const env = { GUN_PEERS: relay.url, ...Object.fromEntries(names.map((name) => [name, proxy.url])) };
  expect((await runNode(script, { env })).stdout).toBe('{"n":1}\n');
  expect([proxy.seen.length, relay.requests.length]).toEqual([0, 1]);
});

test.each(['', 'proxy:3128', 'ftp://us%40er:s3cr3t@proxy', 'https://us%40er:s3cr3t@proxy', 'socks5://us%40er:s3cr3t@proxy', 'http://us%40er:s3cr3t@proxy/path', 'http://proxy?x=1', 'http://proxy#x', 'http://{', 'http://${PROXY}:3128', `http://${'a'.repeat(70_000)}`, 5, false, null, {}])(
  'proxy is not %p',
  (proxy) => {
    const error = thrownBy(() => newClient({ proxy }));
    expect(error).toMatchObject({ code: 'ERR_GUN_INVALID_ARGUMENT' });
    expect(error.message).toMatch(/^option proxy must be an http URL without path, query or fragment, got /);
    expect(`${error.stack}`).not.toMatch(/s3cr3t|us%40er/);
  },
);
