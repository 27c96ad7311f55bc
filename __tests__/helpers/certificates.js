'use strict';

require('reflect-metadata');
const fs = require('fs');
const path = require('path');
const { webcrypto } = require('crypto');
const x509 = require('@peculiar/x509');

x509.cryptoProvider.set(webcrypto);

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const P521 = { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' };
const DAY_MS = 86_400_000;
/** Valid from yesterday until tomorrow. */
const NOW = { from: -1, to: 1 };
const EXPIRED = { from: -2, to: -1 };
const NOT_YET = { from: 1, to: 2 };
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

let serial = 0;

/** A certificate authority for one test: `{ cert, issue }`. */
async function newAuthority(name = 'CN=Authority of the tests') {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const self = await x509.X509CertificateGenerator.createSelfSigned({ ...basics(name, NOW), keys, extensions: [new x509.BasicConstraintsExtension(true)] });
  /** `{ cert, key }` for these names, `127.0.0.1` and `localhost` if none are given. */
  async function issue({ names, valid = NOW, usage = SERVER_AUTH } = {}) {
    const own = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const { subject, notBefore, notAfter, serialNumber } = basics('CN=relay', valid);
    const extensions = [alternativeNames(names), new x509.ExtendedKeyUsageExtension([usage])];
    const cert = await x509.X509CertificateGenerator.create({
      subject, notBefore, notAfter, serialNumber, extensions, issuer: self.subject, publicKey: own.publicKey, signingKey: keys.privateKey, signingAlgorithm: ALGORITHM,
    });
    return { cert: cert.toString('pem'), key: await pemOf(own.privateKey) };
  }
  return { cert: self.toString('pem'), issue };
}

/** A self-signed certificate, as `openssl req -x509` makes it. */
async function newSelfSigned({ names, valid = NOW, isAuthority = true, algorithm = ALGORITHM } = {}) {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const extensions = [alternativeNames(names), new x509.BasicConstraintsExtension(isAuthority)];
  const how = { ...basics('CN=localhost', valid), signingAlgorithm: algorithm };
  const cert = await x509.X509CertificateGenerator.createSelfSigned({ ...how, keys, extensions });
  return { cert: cert.toString('pem'), key: await pemOf(keys.privateKey) };
}

function basics(name, { from, to }) {
  serial += 1;
  const at = (days) => new Date(Date.now() + days * DAY_MS);
  return { name, subject: name, notBefore: at(from), notAfter: at(to), serialNumber: serial.toString(16).padStart(4, '0'), signingAlgorithm: ALGORITHM };
}

function alternativeNames(names = [{ type: 'ip', value: '127.0.0.1' }, { type: 'dns', value: 'localhost' }]) {
  return new x509.SubjectAlternativeNameExtension(names);
}

async function pemOf(privateKey) {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY');
}

/** One that the library does not make: `version-1` of X.509, or `rsa-pss`. Made with openssl, valid for a hundred years. */
function certificateOf(kind) {
  const read = (ending) => fs.readFileSync(path.join(__dirname, 'pem', `${kind}.${ending}`), 'utf8');
  return { cert: read('crt'), key: read('key') };
}

module.exports = { CLIENT_AUTH, EXPIRED, NOT_YET, P521, certificateOf, newAuthority, newSelfSigned };
