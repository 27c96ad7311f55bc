'use strict';

const { record, status } = require('./helpers/answers');
const { newClient, setup, thrownBy } = require('./helpers/setup');

test('headers are sent with every request', async () => {
  const headers = { 'X-Node': 'two', authorization: 'Bearer token', accept: 'application/json', 'x-tab': 'a\tb' };
  const { relay, client } = await setup({}, { headers });
  await client.getRecords(['a', 'b']);
  for (const request of relay.requests) {
    expect(request.headers).toMatchObject({ 'x-node': 'two', authorization: 'Bearer token', accept: 'application/json', 'x-tab': 'a\tb' });
  }
});

test('headers go with every retry', async () => {
  const { relay, client } = await setup({ a: [status(503), record({})] }, { headers: { 'x-node': 'two' } });
  await client.getRecord('a');
  expect(relay.requests.map((request) => request.headers['x-node'])).toEqual(['two', 'two']);
});

test('headers that are undefined are left out', async () => {
  const { relay, client } = await setup({}, { headers: { 'x-node': undefined } });
  await client.getRecord('a');
  expect(relay.requests[0].headers).not.toHaveProperty('x-node');
});

test.each(['', 'a b', 'a:b', 'a\r\nb', 'a\0', 'é', '(x)', ' x'])('%j is not a valid header name', (name) => {
  const error = thrownBy(() => newClient({ headers: { [name]: 'value' } }));
  expect(error.code).toBe('ERR_GUN_INVALID_ARGUMENT');
  expect(error.message).toContain('headers');
  expect(error.message).not.toMatch(/[\r\n\0]/);
});

test.each(['secret\r\nx-injected: yes', 'secret\n', 'secret\r', 'secret\0', 'secret\x7f', 'secret🔑', 5, null, {}, ['secret'], Symbol('secret')])(
  '%p is no value of a header, and is not shown',
  (value) => {
    const error = thrownBy(() => newClient({ headers: { 'x-key': value } }));
    expect(error.code).toBe('ERR_GUN_INVALID_ARGUMENT');
    expect(error.message).toContain('x-key');
    expect(error.message).not.toContain('secret');
  },
);

test('text is not valid as headers, and is not shown', () => {
  const error = thrownBy(() => newClient({ headers: 'Bearer secret' }));
  expect(error).toMatchObject({ code: 'ERR_GUN_INVALID_ARGUMENT', message: 'option headers must be an object, got a string' });
});

test.each(['connection', 'Content-Length', 'transfer-encoding', 'upgrade', 'keep-alive', 'TE', 'Trailer', 'Expect'])(
  '%s is the business of HTTP itself',
  (name) => {
    const error = thrownBy(() => newClient({ headers: { [name]: '1' } }));
    expect(error).toMatchObject({ code: 'ERR_GUN_INVALID_ARGUMENT', message: expect.stringContaining('headers') });
  },
);
