'use strict';

const answers = require('./answers');

const to = (soul) => ({ '#': soul });
const numbered = (count, make) => Object.fromEntries(Array.from({ length: count }, (_, n) => make(n)));

/** Records as the relays hold them, by soul. */
const found = {
  ...numbered(40, (n) => [
    `f3a9c1d27b40:workout-2024-12-${n}`,
    { data: { name: `Workout ${n}`, sets: n, exercises: [`f3a9c1d27b40:exercise-${n}`] }, oip: { recordType: 'workout' }, n: n / 3 },
  ]),
  ...numbered(20, (n) => [`f3a9c1d27b40:h:${String(n).padStart(12, '0')}`, { n: 10 ** n, negative: -n, done: n % 2 === 0, note: `{"a":${n}}` }]),
  'oip:registry': { data: '["a","b"]', count: 2 },
  'oip:deleted:records': { data: '{}' },
  'index:workout': { data: { souls: [] } },
  empty: {},
};

/** Records whose `data` and `oip` are strings, of JSON or not. */
const strings = {
  ...numbered(20, (n) => [`string-${n}`, { data: JSON.stringify({ n, list: [n, String(n)], deep: { null: null } }), oip: '{"did":"did:gun:x"}' }]),
  ...numbered(8, (n) => [`scalar-${n}`, { data: ['1', '"text"', 'null', 'true', '[]', '1e400', '-0', '  {"a":1}\n'][n] }]),
  ...numbered(8, (n) => [`broken-${n}`, { data: ['', '{', 'no JSON', "{'a':1}", '[1,]', 'NaN', '{"a":1}x', '\\u0000'][n], oip: 'undefined' }]),
};

const references = {
  ...numbered(10, (n) => [`parent-${n}`, { name: `Parent ${n}`, meta: to(`parent-${n}/meta`), list: to(n % 3 ? 'shared' : 'gone') }]),
  ...numbered(10, (n) => [`parent-${n}/meta`, { n, deep: to(`parent-${n}/meta/deep`) }]),
  ...numbered(10, (n) => [`parent-${n}/meta/deep`, { end: n, back: to(`parent-${n}`) }]),
  shared: { n: 1, data: '{"held":{"#":"oip:registry"}}' },
  'not-references': { a: { '#': '' }, b: { '#': 5 }, c: { '#': 'shared', x: 1 }, d: { '#': 's'.repeat(5000) } },
};

const UNICODE = ['é', 'ﬁ', '漢字', '🏋️‍♀️', '\u0000\u0001', '\u2028\u2029', 'a\u0301', '\ufeffmark', '\u202eturned', 'ÿ', '𝒳', '"quoted"\\'];
const unicode = Object.fromEntries(UNICODE.map((text, n) => [`unicode-${n}`, { text, [text]: n, data: JSON.stringify({ [text]: text }) }]));

/** Souls that have to be encoded in a URL. */
const ODD = [' ', 'with space', 'slash/within', '//', 'a&b=c', '100%', '%41', 'a+b', 'q?x', '#hash', 'workout 🏋️', 'é', '漢字', '.', '..', '../get', 'a\nb', '\t', '\u0000', "'", '"', '\\', '<b>', ';', '@', 'x'.repeat(4096), 'é'.repeat(2048)];
const odd = Object.fromEntries(ODD.map((soul, n) => [soul, { n }]));

const big = {
  'big-text': { text: 'x'.repeat(1_000_000) },
  'big-list': { data: JSON.stringify({ list: Array.from({ length: 10_000 }, (_, n) => ({ n, s: `é ${n}` })) }) },
  'big-keys': Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`key ${n}`, n])),
  deep: JSON.parse(`${'{"a":'.repeat(500)}1${'}'.repeat(500)}`),
};

/** Text that `JSON.stringify` never writes, and answers that are not records. */
const { endpointNotFound, json, missing, recordText, redirect, status } = answers;
const texts = {
  proto: recordText('{"__proto__":{"polluted":true},"constructor":1,"data":"{\\"__proto__\\":1}"}'),
  numbers: recordText('{"a":1.0,"b":12345678901234567890,"c":-0,"d":1E2,"e":0.1}'),
  twice: recordText('{"data":"[1]","x":1,"data":"[2]","x":2}'),
  order: recordText('{"b":1,"2":2,"a":3,"1":4}'),
  escapes: recordText('{"\\u0061":"\\ud83c\\udfcb","data":"\\u007b\\u0022a\\u0022:1}","half":"\\ud800"}'),
  spaced: json(' {\n "data" : { "n" : 1 } ,\t"success" : true , "more" : [ ] } \r\n'),
  marked: json('\ufeff{"success":true,"data":{"n":1}}'),
};
const failures = {
  'no-success': json('{"success":false,"error":"later"}'),
  'not-found-elsewhere': missing(),
  'not-found-in-capitals': status(404, {}, '{"error":"NOT FOUND"}'),
  'no-endpoint': endpointNotFound(),
  'proxy-page': status(404, { 'content-type': 'text/html' }, '<h1>Not found</h1>'),
  'bare-404': status(404),
  ...Object.fromEntries([400, 401, 403, 410, 500, 502, 503].map((code) => [`status-${code}`, status(code, {}, '{"error":"Not found"}')])),
  'away': redirect('http://127.0.0.1:1/get?soul=a'),
  'not-json': json('<html>'),
  'no-body': json(''),
  'cut-short': json('{"success":true,"data":{"n":'),
  'list': json('{"success":true,"data":[1]}'),
  'text': json('{"success":true,"data":"text"}'),
  'nothing': json('{"success":true,"data":null}'),
  'no-data': json('{"success":true}'),
  'no-word': json('{"data":{}}'),
  'no-object': json('[]'),
  'not-utf8': json(Buffer.from('{"success":true,"data":{"a":"\xff"}}', 'latin1')),
};

const records = { ...found, ...strings, ...references, ...unicode, ...odd, ...big };
const script = { ...Object.fromEntries(Object.entries(records).map(([soul, data]) => [soul, answers.record(data)])), ...texts, ...failures };

/** Missing souls, and invalid ones. */
const gone = Array.from({ length: 25 }, (_, n) => `f3a9c1d27b40:exercise-${n}`);
const noSouls = ['', 'y'.repeat(4097), 'é'.repeat(2049), '\ud800', 'a\udc00b', undefined, null, 7, {}, ['a']];

module.exports = { references: Object.keys(references), script, souls: [...Object.keys(script), ...gone, ...noSouls] };
