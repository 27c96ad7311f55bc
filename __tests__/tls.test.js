'use strict';

const fs = require('fs');
const https = require('https');
const os = require('os');
const path = require('path');
const tls = require('tls');
const { once } = require('events');
const { CLIENT_AUTH, EXPIRED, NOT_YET, P521, certificateOf, newAuthority, newSelfSigned } = require('./helpers/certificates');
const { runNode } = require('./helpers/child');
const { closedAfterTest } = require('./helpers/servers');
const { failureOf, newClient, thrownBy } = require('./helpers/setup');

const SOMEWHERE = [{ type: 'dns', value: 'relay.example' }];

let authority;
let other;
beforeAll(async () => {
  authority = await newAuthority();
  other = await newAuthority('CN=Another authority');
});

/** A relay by https with this identity. `server.served` counts the requests. */
async function serve(identity, options) {
  const server = https.createServer({ ...identity, ...options }, (request, response) => {
    server.served += 1;
    response.end('{"success":true,"data":{"n":1}}');
  });
  server.served = 0;
  closedAfterTest(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  server.url = `https://127.0.0.1:${server.address().port}`;
  return server;
}

const ask = (server, options) => newClient({ relayUrl: server.url, retries: 0, ...options }).getRecord('a');

async function expectRefusal(server, options, code, message) {
  const error = await failureOf(ask(server, options));
  expect(error).toMatchObject({ code: 'ERR_GUN_CONNECT', retryable: true, cause: { code, message } });
  expect(error.message).toContain(`relay ${server.url} could not be reached for soul "a": ${message}`);
  expect(server.served).toBe(0);
}

test('a certificate of an authority in `ca` is taken, by name and by address', async () => {
  const server = await serve(await authority.issue());
  expect(await ask(server, { ca: authority.cert })).toEqual({ n: 1 });
  expect(await ask({ url: server.url.replace('127.0.0.1', 'localhost') }, { ca: authority.cert })).toEqual({ n: 1 });
});

test('`ca` may be a string, a buffer, and several', async () => {
  const server = await serve(await authority.issue());
  const bytes = Buffer.from(authority.cert);
  for (const ca of [bytes, new Uint8Array(bytes), [other.cert, bytes], `${other.cert}\n${authority.cert}`]) {
    expect(await ask(server, { ca })).toEqual({ n: 1 });
  }
});

test('its issuer is not trusted', async () => {
  const server = await serve(await authority.issue());
  const [code, message] = ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'its certificate is from an issuer that is not trusted'];
  await expectRefusal(server, {}, code, message);
  await expectRefusal(server, { ca: other.cert }, code, message);
});

test.each([
  ['expired', { valid: EXPIRED }, 'CERT_HAS_EXPIRED', 'its certificate has expired'],
  ['not yet valid', { valid: NOT_YET }, 'CERT_NOT_YET_VALID', 'its certificate is not valid yet'],
  ['for another name', { names: SOMEWHERE }, 'ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another name'],
  ['for clients', { usage: CLIENT_AUTH }, 'INVALID_PURPOSE', 'its certificate is for another purpose'],
])('a certificate that is %s is refused', async (_what, how, code, message) => {
  await expectRefusal(await serve(await authority.issue(how)), { ca: authority.cert }, code, message);
});

test.each([true, false])('a self-signed certificate is accepted if `ca` contains it, being an authority: %p', async (isAuthority) => {
  const self = await newSelfSigned({ isAuthority });
  const server = await serve(self);
  expect((await failureOf(ask(server))).cause.code).toMatch(/^(DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/);
  expect(server.served).toBe(0);
  expect(await ask(server, { ca: self.cert })).toEqual({ n: 1 });
});

test.each([
  [{ valid: EXPIRED }, 'CERT_HAS_EXPIRED'],
  [{ names: SOMEWHERE }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
])('a self-signed one in `ca` still has its dates and names: %p', async (how, code) => {
  const self = await newSelfSigned(how);
  const server = await serve(self);
  expect((await failureOf(ask(server, { ca: self.cert }))).cause.code).toBe(code);
  expect(server.served).toBe(0);
});

test('another self-signed certificate of the same name is not taken', async () => {
  const server = await serve(await newSelfSigned());
  const { cert } = await newSelfSigned();
  expect((await failureOf(ask(server, { ca: cert }))).code).toBe('ERR_GUN_CONNECT');
  expect(server.served).toBe(0);
});

test('a relay that asks for a client certificate gets it', async () => {
  const asks = { requestCert: true, rejectUnauthorized: true, ca: authority.cert };
  const server = await serve(await authority.issue(), asks);
  const identity = await authority.issue({ usage: CLIENT_AUTH });
  expect(await ask(server, { ca: authority.cert, ...identity })).toEqual({ n: 1 });
  expect((await failureOf(ask(server, { ca: authority.cert }))).code).toBe('ERR_GUN_CONNECT');
  expect(server.served).toBe(1);
});

test('a server without TLS is reported as such', async () => {
  const server = await serve(await authority.issue());
  const plain = require('http').createServer().on('clientError', (_error, socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  closedAfterTest(plain);
  await once(plain.listen(0, '127.0.0.1'), 'listening');
  server.url = `https://127.0.0.1:${plain.address().port}`;
  await expectRefusal(server, {}, 'EPROTO', 'what it sent is not TLS');
});

test('rejectUnauthorized: false accepts any certificate, and warns once', async () => {
  const server = await serve(await newSelfSigned({ names: SOMEWHERE, valid: EXPIRED }));
  const script = `
    const { GunClient } = require('./index.js');
    (async () => {
      for (let client = 0; client < 2; client += 1) {
        const unverified = new GunClient({ relayUrl: '${server.url}', logger: false, rejectUnauthorized: false });
        console.log(await unverified.getRecord('a'));
      }
    })();
  `;
  const { code, stdout, stderr } = await runNode(script);
  expect([code, stdout]).toEqual([0, '{ n: 1 }\n{ n: 1 }\n']);
  expect(stderr.match(/GUN_TLS_UNVERIFIED/g)).toHaveLength(1);
});

test.each([
  ['version 1 of X.509', async () => certificateOf('version-1'), ['TLSv1.2', 'TLSv1.3']],
  // TLS 1.2 has these only with groups and suites that ring lacks.
  ['a key on P-521', () => newSelfSigned({ algorithm: P521 }), ['TLSv1.3']],
  ['a key for RSA-PSS alone', async () => certificateOf('rsa-pss'), ['TLSv1.3']],
])('rejectUnauthorized: false takes what Node takes: %s', async (_what, identity, versions) => {
  for (const version of versions) {
    const server = await serve(await identity(), { minVersion: version, maxVersion: version });
    expect(await statusByNode(server)).toBe(200);
    expect(await ask(server, { rejectUnauthorized: false })).toEqual({ n: 1 });
  }
});

/** The status that Node's own client gets without verification. */
function statusByNode(server) {
  return new Promise((resolve, reject) => {
    https.get(`${server.url}/get?soul=a`, { rejectUnauthorized: false, agent: false }, (response) => resolve(response.resume().statusCode)).on('error', reject);
  });
}

test.each([
  ['a key on P-521', () => newSelfSigned({ algorithm: P521 })],
  ['a key for RSA-PSS alone', async () => certificateOf('rsa-pss')],
])('%s is refused with what to use instead', async (_what, identity) => {
  const server = await serve(await identity());
  const { cert: ca } = await identity();
  const error = await failureOf(ask(server, { ca }));
  expect(error).toMatchObject({ code: 'ERR_GUN_CONNECT', cause: { code: 'EPROTO' } });
  expect(error.message).toMatch(/P-521 and RSA-PSS keys are not supported/);
});

describe('without close_notify', () => {
  const RECORD = '{"success":true,"data":{"n":1}}';

  /** A relay that answers so and then ends the TCP connection beneath TLS. */
  async function dropping(head, body) {
    const server = tls.createServer(await authority.issue(), (socket) => {
      socket.once('data', () => socket.write(`${head}\r\n\r\n${body}`, () => socket._parent.end()));
      socket.on('error', () => {});
    });
    closedAfterTest(server);
    server.closeAllConnections = () => {};
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return newClient({ relayUrl: `https://127.0.0.1:${server.address().port}`, ca: authority.cert, retries: 0 });
  }

  test('complete JSON without a length is a record, and a missing soul is missing', async () => {
    expect(await (await dropping('HTTP/1.1 200 OK', RECORD)).getRecord('a')).toEqual({ n: 1 });
    const client = await dropping('HTTP/1.1 404 Not Found', '{"error":"Not found"}');
    expect(await client.getRecord('a')).toBeNull();
    expect(client.cacheStats().size).toBe(1);
  });

  test.each([
    ['JSON cut short', 'HTTP/1.1 200 OK', RECORD.slice(0, -1)],
    ['the beginning of something else', 'HTTP/1.1 200 OK', '<html'],
    ['a length that is not reached', 'HTTP/1.1 200 OK\r\ncontent-length: 99', RECORD],
    ['chunks without the last one', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked', `1f\r\n${RECORD}\r\n`],
  ])('%s is truncated', async (_what, head, body) => {
    const error = await failureOf((await dropping(head, body)).getRecord('a'));
    expect(error).toMatchObject({ code: 'ERR_GUN_BAD_RESPONSE', retryable: true });
  });
});

test('NODE_TLS_REJECT_UNAUTHORIZED turns nothing off', async () => {
  const server = await serve(await authority.issue());
  const script = `require('./index.js').getRecord('a').catch((error) => console.log(error.code, error.cause.code));`;
  const { stdout } = await runNode(script, { env: { GUN_PEERS: server.url, GUN_RETRIES: '0', NODE_TLS_REJECT_UNAUTHORIZED: '0' } });
  expect(stdout).toBe('ERR_GUN_CONNECT UNABLE_TO_VERIFY_LEAF_SIGNATURE\n');
  expect(server.served).toBe(0);
});

describe('NODE_EXTRA_CA_CERTS', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-roots-'));
  const file = path.join(folder, 'extra.pem');
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  const BOTH = `
    const { GunClient, getRecord } = require('./index.js');
    const told = (call) => call.then(console.log, (error) => console.log(error.code, error.message));
    const make = (options) => { try { return new GunClient({ relayUrl: process.env.GUN_PEERS, logger: false, retries: 0, ...options }); } catch (error) { return { getRecord: () => Promise.reject(error) }; } };
    (async () => {
      await told(getRecord('a'));
      await told(make().getRecord('a'));
      await told(make({ ca: process.env.OTHER }).getRecord('a'));
    })();
  `;
  const run = (url) => runNode(BOTH, { env: { GUN_PEERS: url, GUN_RETRIES: '0', NODE_EXTRA_CA_CERTS: file, OTHER: other.cert } });

  test('adds to the roots, for every client but one with a `ca` of its own', async () => {
    fs.writeFileSync(file, authority.cert);
    const { stdout } = await run((await serve(await authority.issue())).url);
    expect(stdout.split('\n').map((line) => line.split(' ')[0])).toEqual(['{', '{', 'ERR_GUN_CONNECT', '']);
  });

  test.each([
    ['that is not there', () => fs.rmSync(file, { force: true })],
    ['without certificates', () => fs.writeFileSync(file, 'nothing of the kind')],
    ['with a broken one', () => fs.writeFileSync(file, authority.cert.replace(/A/g, '*'))],
  ])('a file %s is refused where it would be used', async (_what, prepare) => {
    prepare();
    const { stdout } = await run('https://127.0.0.1:1');
    const lines = stdout.trim().split('\n');
    expect(lines.slice(0, 2).every((line) => line.startsWith('ERR_GUN_INVALID_ARGUMENT environment variable NODE_EXTRA_CA_CERTS must '))).toBe(true);
    expect(lines[2]).toMatch(/^ERR_GUN_CONNECT /);
    // An http relay has no use for it.
    expect((await run('http://127.0.0.1:1')).stdout).not.toContain('ERR_GUN_INVALID_ARGUMENT');
  });
});

describe('options that are not what they must be', () => {
  const refusalOf = (options) => {
    const error = thrownBy(() => newClient(options));
    expect(error.code).toBe('ERR_GUN_INVALID_ARGUMENT');
    const told = JSON.stringify([error, error.message, error.stack]);
    const lines = Object.values(options).flat().filter((value) => typeof value === 'string').join('\n').split('\n');
    for (const secret of ['SECRET', ...lines.filter((line) => line.length > 20)]) expect(told).not.toContain(secret);
    return error.message;
  };

  test.each(['ca', 'cert', 'key'])('%s is text in PEM', (option) => {
    for (const value of [5, true, null, {}, [5], ['SECRET', null], Symbol('SECRET'), () => 'SECRET']) {
      expect(refusalOf({ [option]: value })).toBe(`option ${option} must be text in PEM: a string, a Buffer or an array of them`);
    }
  });

  test('ca and cert hold certificates, and not one broken', async () => {
    const { cert, key } = await authority.issue();
    for (const bad of ['', 'SECRET', key, cert.slice(0, -30), `${cert}\n${cert.replace(/M/g, '%')}`, []]) {
      expect(refusalOf({ ca: bad })).toBe('option ca must contain PEM certificates, all of them whole');
      expect(refusalOf({ cert: bad, key })).toBe('option cert must contain PEM certificates, all of them whole');
    }
  });

  test('key holds a key that is not encrypted, and is that of cert', async () => {
    const [{ cert, key }, stranger] = [await authority.issue(), await authority.issue()];
    for (const bad of ['', 'SECRET', cert, key.slice(0, -40), key.replace(/PRIVATE KEY/g, 'ENCRYPTED PRIVATE KEY'), key.replace(/E/g, 'F')]) {
      expect(refusalOf({ cert, key: bad })).toMatch(/^option key must be an RSA, ECDSA or Ed25519 key in PEM, not encrypted$/);
    }
    expect(refusalOf({ cert, key: stranger.key })).toBe('option key must be the private key of option cert');
    expect(refusalOf({ cert })).toBe('option cert must come with option key');
    expect(refusalOf({ key })).toBe('option key must come with option cert');
  });

  test.each([['true', '"true"'], ['false', '"false"'], [0, '0'], [null, 'null'], [{}, 'an object']])('rejectUnauthorized is not %p', (value, shown) => {
    expect(refusalOf({ rejectUnauthorized: value })).toBe(`option rejectUnauthorized must be true or false, got ${shown}`);
  });
});
