'use strict';

const { randomBytes, webcrypto } = require('crypto');

// A private record is `{ data: { encrypted, iv, tag, salt }, meta: { encrypted: true, ... }, oip }`. All of the work is
// done by WebCrypto, in libuv's threads: a derived key costs some 30 ms, and a record may be long.
const { subtle } = webcrypto;

const METHOD = 'aes-256-gcm';
const ITERATIONS = 100000;
const SALT_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;

function isPrivate({ meta }) {
  return typeof meta === 'object' && meta !== null && meta.encrypted === true;
}

/** The fields that take the place of a record's `data` and `meta`. */
async function seal({ data, meta }, { userPublicKey, userPassword }) {
  if (!userPublicKey || !userPassword) throw new Error('a private record needs userPublicKey and userPassword');
  if (data === undefined) throw new Error('a private record needs data');
  const salt = randomBytes(SALT_BYTES);
  const iv = randomBytes(IV_BYTES);
  const key = await keyOf(userPassword, salt, 'encrypt');
  const text = Buffer.from(JSON.stringify(data));
  const sealed = Buffer.from(await subtle.encrypt(parameters(iv, userPublicKey), key, text));
  const parts = { encrypted: sealed.subarray(0, -TAG_BYTES), iv, tag: sealed.subarray(-TAG_BYTES), salt };
  for (const [name, bytes] of Object.entries(parts)) parts[name] = bytes.toString('base64');
  return { data: parts, meta: Object.assign({}, meta, { encrypted: true, encryptionMethod: METHOD, encryptedBy: userPublicKey }) };
}

/** The record with its `data` readable. Throws, and nothing is asked for again, when the key or the record is wrong. */
async function unseal(record, { userPublicKey, userPassword }) {
  const { data, meta } = record;
  if (meta.encryptionMethod !== METHOD) throw new Error(`private record: unknown method ${JSON.stringify(meta.encryptionMethod)}`);
  if (meta.encryptedBy !== userPublicKey) throw new Error('private record: encrypted for another user');
  const [encrypted, iv, tag, salt] = ['encrypted', 'iv', 'tag', 'salt'].map((name) => bytesOf(data, name));
  const key = await keyOf(userPassword, salt, 'decrypt');
  let text;
  try {
    text = await subtle.decrypt(parameters(iv, userPublicKey), key, Buffer.concat([encrypted, tag]));
  } catch (cause) {
    throw new Error('private record: wrong password, or not as it was written', { cause });
  }
  const readable = JSON.parse(Buffer.from(text).toString());
  return Object.assign(record, { data: readable, meta: Object.assign(meta, { encrypted: false, wasEncrypted: true }) });
}

function bytesOf(data, name) {
  const text = typeof data === 'object' && data !== null ? data[name] : undefined;
  if (typeof text !== 'string') throw new Error(`private record: its data has no ${name}`);
  return Buffer.from(text, 'base64');
}

async function keyOf(password, salt, use) {
  const secret = await subtle.importKey('raw', Buffer.from(password), 'PBKDF2', false, ['deriveKey']);
  const derivation = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: ITERATIONS };
  return subtle.deriveKey(derivation, secret, { name: 'AES-GCM', length: 256 }, false, [use]);
}

/** The user is bound to the record: one that names another does not open. */
function parameters(iv, userPublicKey) {
  return { name: 'AES-GCM', iv, additionalData: Buffer.from(userPublicKey), tagLength: 8 * TAG_BYTES };
}

module.exports = { isPrivate, seal, unseal };
