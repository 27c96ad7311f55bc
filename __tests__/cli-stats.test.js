'use strict';

const http = require('http');
const { once } = require('events');
const { runCli } = require('./helpers/child');
const { closedAfterTest } = require('./helpers/servers');
const { setup } = require('./helpers/setup');

/** An indexer that answers every request by this function, and the requests it got. */
async function indexer(answer) {
  const requests = [];
  const server = http.createServer((request, response) => {
    requests.push(request);
    answer(response);
  });
  closedAfterTest(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return { host: `127.0.0.1:${server.address().port}`, requests };
}

const says = (body, status = 200) => (response) => response.writeHead(status).end(body);

async function realStats() {
  const { client } = await setup();
  for (const soul of ['a', 'a', 'a', 'b']) await client.getRecord(soul);
  return client.cacheStats();
}

test('every figure of cacheStats is in the table, by its name', async () => {
  const stats = { ...(await realStats()), total: 1234567 };
  stats.requests.failed = { ERR_GUN_CONNECT: 7 };
  const { host } = await indexer(says(JSON.stringify(stats)));
  const { code, stdout, stderr } = await runCli(['stats', `http://${host}`]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const rows = Object.fromEntries(stdout.trim().split('\n').map((line) => line.split(/ +/)));
  expect(rows).toMatchObject({ hits: '2', hitRate: '50.0%', total: '1,234,567', ttlMs: '3,600,000' });
  expect(rows).toMatchObject({ 'requests.sent': '2', 'requests.failed.ERR_GUN_CONNECT': '7' });
  const names = [...Object.keys(stats), ...Object.keys(stats.requests)].filter((name) => !['requests', 'failed'].includes(name));
  for (const name of names) expect(Object.keys(rows).some((row) => row.endsWith(name))).toBe(true);
});

test('--json is what the indexer said', async () => {
  const body = JSON.stringify({ uptime: 12, ...(await realStats()) });
  const { host } = await indexer(says(body));
  expect(await runCli(['stats', '--json', `http://${host}`])).toMatchObject({ code: 0, stdout: `${body}\n`, stderr: '' });
});

test.each([
  ['', '/api/gun/stats'],
  ['/', '/api/gun/stats'],
  ['/node-2/', '/node-2/api/gun/stats'],
  ['/api/gun/stats', '/api/gun/stats'],
  ['/internal/stats?node=2', '/internal/stats?node=2'],
])('an address with the path %p is asked at %s', async (given, asked) => {
  const { host, requests } = await indexer(says(JSON.stringify(await realStats())));
  expect(await runCli(['stats', `http://${host}${given}`])).toMatchObject({ code: 0 });
  expect(requests.map(({ url }) => url)).toEqual([asked]);
});

test.each([
  ['another status', says('', 503), 'answered 503'],
  ['no JSON', says('<html>'), 'answered with something that is no statistics'],
  ['other JSON', says('{"hits":1}'), 'answered with something that is no statistics'],
  ['JSON null', says('null'), 'answered with something that is no statistics'],
  ['a connection that closes', (response) => response.socket.destroy(), 'could not be asked: socket hang up'],
  ['half a body', (response) => response.write('{', () => response.socket.destroy()), 'closed the connection early'],
  ['far too much', says('x'.repeat(2 ** 21)), 'answered with more than a megabyte'],
])('exit code 3 and a sentence for %s', async (_what, answer, sentence) => {
  const { host } = await indexer(answer);
  const { code, stdout, stderr } = await runCli(['stats', `http://${host}`]);
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toMatch(`gun-native: http://${host}/api/gun/stats ${sentence}`);
});

test('an https address is asked by TLS', async () => {
  const { host, requests } = await indexer(says('{}'));
  const { code, stderr } = await runCli(['stats', `https://${host}`]);
  expect(code).toBe(3);
  expect(stderr).toContain(`https://${host}/api/gun/stats could not be asked: `);
  expect(requests).toHaveLength(0);
});

test('credentials in the address become basic auth and are not shown', async () => {
  const { host, requests } = await indexer(says('', 403));
  const { stderr } = await runCli(['stats', `http://ann:se%20cret@${host}`]);
  expect(Buffer.from(requests[0].headers.authorization.split(' ')[1], 'base64').toString()).toBe('ann:se cret');
  expect(stderr).toBe(`gun-native: http://${host}/api/gun/stats answered 403\n`);
});

test.each(['localhost:3005', 'ftp://ann:secret@host/', 'http://'])('%p is no address, which is an error of the command line', async (address) => {
  const { code, stderr } = await runCli(['stats', address]);
  expect(code).toBe(2);
  expect(stderr).toContain('stats takes an http or https URL');
  expect(stderr).not.toContain('secret');
});
