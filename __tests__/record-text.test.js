'use strict';

const { recordText, json, status } = require('./helpers/answers');
const { setup } = require('./helpers/setup');

/** What the contract says a record is: `data` of the body, in which `data` and `oip` are parsed where they are JSON. */
function recordOf(body) {
  const record = JSON.parse(body).data;
  for (const field of ['data', 'oip']) {
    if (typeof record[field] !== 'string') continue;
    try {
      record[field] = JSON.parse(record[field]);
    } catch {
      // A string that is not JSON is kept.
    }
  }
  return record;
}

async function expectToReadAsJson(body) {
  const { client } = await setup({ a: json(body) });
  const record = await client.getRecord('a');
  const expected = recordOf(body);
  expect(JSON.stringify(record)).toBe(JSON.stringify(expected)); // key order, own keys
  expect(record).toEqual(expected); // numbers that JSON.stringify does not tell apart
}

const inner = (value) => JSON.stringify(JSON.stringify(value));

describe('a record reads as JSON.parse of the body reads it', () => {
  test.each([
    ['no field', '{}'],
    ['plain values', '{"a":1,"b":"two","c":null,"d":true,"e":[1,[2]],"f":{"g":{}}}'],
    ['keys in their order, numeric ones first', '{"b":1,"a":2,"10":3,"2":4}'],
    ['duplicate keys', '{"a":1,"b":2,"a":3}'],
    ['integers beyond 2^53', '{"a":9007199254740993,"b":123456789012345678901234567890}'],
    ['numbers beyond a double', '{"a":1e400,"b":-1e400,"c":1e-400}'],
    ['minus zero', '{"a":-0,"b":-0.0,"c":0}'],
    ['long fractions', '{"a":0.1000000000000000055511151231257827,"b":1.7976931348623157e308,"c":5e-324}'],
    ['spellings of numbers', '{"a":1E2,"b":1.0e+2,"c":100.00}'],
    ['white space', ' \t\r\n{ "a" :\n[ 1 ,\t2 ] }\n'],
    ['text beyond ASCII', '{"ключ":"значение","日本":"🏋️‍♀️","nul":"\\u0000","sep":"\u2028\u2029"}'],
    ['text of Latin-1', '{"é":"ÿ"}'],
    ['escapes', String.raw`{"a":"\"\\\/\b\f\n\r\té\ud83d\ude00"}`],
    ['lone surrogates written as escapes', String.raw`{"a":"\ud800","\udfff":"x\udc00y"}`],
    ['keys of Object.prototype', '{"__proto__":{"polluted":true},"constructor":1,"toString":2,"hasOwnProperty":3}'],
    ['a reference to another node', '{"meta":{"#":"a/meta"}}'],
  ])('%s', async (_what, data) => {
    await expectToReadAsJson(`{"success":true,"data":${data}}`);
  });

  test.each([
    ['data before success', '{"data":{"a":1},"success":true}'],
    ['unknown fields around it', '{"soul":"a","success":true,"took":[1,{"data":2}],"data":{"a":1},"x":null}'],
    ['data given twice', '{"success":true,"data":{"a":1},"data":{"b":2}}'],
    ['keys of the body in escapes', String.raw`{"succ\u0065ss":true,"d\u0061ta":{"a":1}}`],
    ['white space around the body', ' \n{ "success" : true , "data" : { "a" : 1 } } \r\n'],
  ])('%s', async (_what, body) => {
    await expectToReadAsJson(body);
  });
});

describe('strings of JSON in data and oip are parsed', () => {
  test.each([
    ['objects', `{"data":${inner({ b: 1, a: [2] })},"oip":${inner({ v: '0.9' })}}`],
    ['any other JSON', '{"data":"[1,2]","oip":"5"}'],
    ['literals', '{"data":"null","oip":"false"}'],
    ['JSON with white space', `{"data":${JSON.stringify(' {"a": 1}\n')}}`],
    ['numbers within', '{"data":"{\\"a\\":1e400,\\"b\\":-0,\\"c\\":9007199254740993}"}'],
    ['a __proto__ within', '{"data":"{\\"__proto__\\":{\\"x\\":1}}"}'],
    ['duplicate keys within', '{"data":"{\\"a\\":1,\\"a\\":2}"}'],
    ['escapes within', `{"data":${inner({ a: 'line\nbreak "quoted" \\ \u2028 🏋️' })}}`],
    ['lone surrogates as escapes of the inner text', String.raw`{"data":"{\"a\":\"\\ud800\"}"}`],
    ['lone surrogates as escapes of the outer text', String.raw`{"data":"{\"a\":\"\ud800\"}"}`],
    ['keys in escapes', String.raw`{"d\u0061ta":"{\"a\":1}","\u006fip":"{}"}`],
    ['the last of duplicate keys', '{"data":"{\\"a\\":1}","x":1,"data":"{\\"b\\":2}"}'],
    ['text in text, once', `{"data":${JSON.stringify(inner({ a: 1 }))}}`],
    ['between other fields', `{"z":1,"oip":"{}","a":2,"data":"[]","0":3}`],
  ])('%s', async (_what, data) => {
    await expectToReadAsJson(`{"success":true,"data":${data}}`);
  });

  test('and nowhere else', async () => {
    const { client } = await setup({ a: recordText('{"meta":"{}","data":{"data":"{}","oip":"[]"},"oip":["{}"]}') });
    expect(await client.getRecord('a')).toEqual({ meta: '{}', data: { data: '{}', oip: '[]' }, oip: ['{}'] });
  });
});

describe('strings that are not JSON are kept as they are', () => {
  test.each([
    ['plain text', '{"data":"hello","oip":"{oops}"}'],
    ['empty text', '{"data":"","oip":" "}'],
    ['JSON with something behind it', `{"data":${JSON.stringify('{"a":1} x')}}`],
    ['JSON cut short', `{"data":${JSON.stringify('{"a":1')}}`],
    ['what JavaScript would take but JSON does not', `{"data":"{a:1}","oip":"01"}`],
    ['words that are no JSON', '{"data":"undefined","oip":"NaN"}'],
    ['a byte order mark before JSON', String.raw`{"data":"\ufeff{}"}`],
    ['a raw control character within', String.raw`{"data":"\"a\u0000b\""}`],
    ['a lone surrogate outside of a string', String.raw`{"data":"\ud800"}`],
    ['the last of duplicate keys', '{"data":"{\\"a\\":1}","data":"text"}'],
  ])('%s', async (_what, data) => {
    await expectToReadAsJson(`{"success":true,"data":${data}}`);
  });
});

test('__proto__ is a key of the record and changes nothing else', async () => {
  const { client } = await setup({ a: recordText('{"__proto__":{"polluted":1},"data":"{\\"__proto__\\":[]}"}') });
  const record = await client.getRecord('a');
  expect(Object.keys(record)).toEqual(['__proto__', 'data']);
  expect(Object.keys(record.data)).toEqual(['__proto__']);
  expect(record.polluted).toBeUndefined();
  expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
});

test('the content type is not looked at', async () => {
  const { client } = await setup({ a: status(200, { 'content-type': 'text/html' }, '{"success":true,"data":{"a":1}}') });
  expect(await client.getRecord('a')).toEqual({ a: 1 });
});
