'use strict';

const http = require('http');
const https = require('https');
const net = require('net');
const os = require('os');
const path = require('path');
const { spawn } = require('child_process');
const { once } = require('events');
const { setTimeout } = require('timers/promises');
const { endpointNotFound, redirect, stall, status } = require('./helpers/answers');
const { newAuthority, newSelfSigned } = require('./helpers/certificates');
const { closedAfterTest } = require('./helpers/servers');
const { failureOf, newClient, newRelay, setup, thrownBy } = require('./helpers/setup');

// Errors say what to do about them.

async function listen(server) {
  closedAfterTest(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server.address().port;
}

const failed = (relayUrl, options) => failureOf(newClient({ relayUrl, retries: 0, ...options }).getRecord('a'));

async function messageOf(answer, options) {
  const relay = await newRelay({ a: answer });
  return (await failed(relay.url, options)).message;
}

test("a 404 that is not the relay's asks about the path and a proxy", async () => {
  expect(await messageOf(endpointNotFound())).toMatch(/answered 404 for soul "a"; .*wrong path or a proxy\? \(1 attempt in .*\)$/);
});

test('a stock GUN relay is recognised', async () => {
  const serve = require('gun/lib/serve');
  const port = await listen(http.createServer(serve(path.join(os.tmpdir(), 'no-such-folder'))));
  const error = await failed(`http://127.0.0.1:${port}`);
  expect(error).toMatchObject({ code: 'ERR_GUN_BAD_RESPONSE', retryable: false });
  expect(error.message).toMatch(/a stock GUN relay or another web server\?.*GET \/get\?soul=/);
});

test('a redirect that is not followed says where it points, without what may be a secret', async () => {
  const message = await messageOf(redirect('https://us3r:s3cret@other.example/login?token=t0ken#x'));
  expect(message).toMatch(/answered 302 .*; it points to "https:\/\/other\.example\/login", another origin/);
  expect(message).not.toMatch(/us3r|s3cret|t0ken/);
  expect(await messageOf(redirect('/get?soul=a'))).toMatch(/; too many redirects, the last one to "http:\/\/127\.0\.0\.1:\d+\/get"/);
});

test('a Retry-After that was not waited for is the reason', async () => {
  const message = await messageOf(status(503, { 'retry-after': '3600' }), { retries: 2 });
  expect(message).toMatch(/answered 503 .*; it asks to wait 3600 s \(Retry-After\), longer than the call has left .*\(1 attempt in /);
});

test('a timeout says which one ended', async () => {
  expect(await messageOf(stall(), { attemptTimeoutMs: 100 })).toMatch(/did not answer in time .*; attemptTimeoutMs ended \(100 ms\) \(1 attempt in .*\)$/);
  const { client } = await setup({ a: stall() }, { timeoutMs: 100 });
  expect((await failureOf(client.getRecord('a'))).message).not.toMatch(/attemptTimeoutMs/);
});

/** A port whose connections are neither accepted nor refused: its process is blocked, its backlog full. */
async function silentPort() {
  const script = `
    const server = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      require('fs').writeSync(1, String(server.address().port));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });
  `;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = Number(await once(child.stdout, 'data'));
  const sockets = [];
  for (let isFull = false; !isFull;) {
    const socket = net.connect(port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    isFull = !(await Promise.race([once(socket, 'connect'), setTimeout(200, false)]));
  }
  const release = async () => {
    for (const socket of sockets) socket.destroy();
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { port, release };
}

// Other systems refuse or accept where Linux is silent.
const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('no connection in time is connectTimeoutMs', async () => {
  const { port, release } = await silentPort();
  const error = await failed(`http://127.0.0.1:${port}`, { connectTimeoutMs: 200 });
  const byProxy = await failed('https://127.0.0.1:2', { connectTimeoutMs: 200, proxy: `http://127.0.0.1:${port}` });
  await release();
  expect(error).toMatchObject({ code: 'ERR_GUN_TIMEOUT', retryable: true });
  expect(error.message).toMatch(/; there was no connection within connectTimeoutMs \(200 ms\) \(1 /);
  expect(byProxy.message).toMatch(/; there was no connection to proxy http:\/\/127\.0\.0\.1:\d+ within connectTimeoutMs \(200 ms\) \(1 /);
});

test('a self-signed certificate is to be passed as option ca', async () => {
  const port = await listen(https.createServer(await newSelfSigned(), (_request, response) => response.end()));
  const error = await failed(`https://127.0.0.1:${port}`);
  expect(error.message).toMatch(/; if you trust it, pass .*self-signed.* as option ca \(1 /);
});

test('a certificate for another name says for which', async () => {
  const authority = await newAuthority();
  const names = [{ type: 'dns', value: 'relay.example' }, { type: 'ip', value: '192.0.2.7' }];
  const port = await listen(https.createServer(await authority.issue({ names }), (_request, response) => response.end()));
  const error = await failed(`https://127.0.0.1:${port}`, { ca: authority.cert });
  expect(error.cause).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  expect(error.message).toMatch(/; its names are relay\.example, 192\.0\.2\.7 \(1 /);
});

test.each(['/etc/ssl/relay.pem', './ca.crt', 'certs/ca.pem'])('a path as `ca` is recognised: %s', (ca) => {
  const error = thrownBy(() => newClient({ relayUrl: 'https://127.0.0.1:1', ca }));
  expect(error).toMatchObject({ code: 'ERR_GUN_INVALID_ARGUMENT' });
  expect(error.message).toBe('option ca must contain PEM certificates, not a file path: pass fs.readFileSync(path)');
});

test('http to a TLS port, and https to one without', async () => {
  const tlsPort = await listen(https.createServer(await newSelfSigned()));
  expect((await failed(`http://127.0.0.1:${tlsPort}`)).message).toMatch(/if the relay uses TLS, its URL begins with https:\/\//);
  expect(await messageOf(status(400, {}, 'The plain HTTP request was sent to HTTPS port'))).toMatch(/its URL begins with https:\/\//);
  const plain = await newRelay();
  expect((await failed(plain.url.replace('http:', 'https:'))).message).toMatch(/if the relay uses no TLS, its URL begins with http:\/\//);
});

test.each(['gun-relay:8765', 'localhost:8765', 'relay.example'])('a URL without a scheme is understood: %s', (relayUrl) => {
  const error = thrownBy(() => newClient({ relayUrl }));
  expect(error.message).toMatch(new RegExp(`did you mean http://${relayUrl}\\?$`));
});

test('a name that does not resolve is named, with the code that Node has', async () => {
  const error = await failed('http://no-relay.invalid:8765');
  expect(error).toMatchObject({ code: 'ERR_GUN_CONNECT', cause: { code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) } });
  expect(error.message).toContain('host no-relay.invalid could not be looked up');
});
