'use strict';

const { spawn } = require('child_process');
const http = require('http');
const { once } = require('events');
const { ROOT, runCli } = require('./helpers/child');
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

test('every figure of cacheStats is shown, in groups, with its unit', async () => {
  const stats = { ...(await realStats()), total: 1234567 };
  stats.requests.failed = { ERR_GUN_CONNECT: 7 };
  const { host } = await indexer(says(JSON.stringify(stats)));
  const { code, stdout, stderr } = await runCli(['stats', `http://${host}`]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines = stdout.trimEnd().split('\n');
  const rows = Object.fromEntries(lines.filter((line) => line.startsWith('  ')).map((line) => line.trim().split(/ {2,}/)));
  expect(rows).toMatchObject({ 'cache hits': '2', 'hit rate': '50.0%', calls: '1,234,567', TTL: '1 h' });
  expect(rows).toMatchObject({ sent: '2', ERR_GUN_CONNECT: '7', p50: expect.stringMatching(/^[\d.]+ ms$/) });
  expect(lines).toEqual(expect.arrayContaining(['Calls', 'Requests', 'Failed requests', 'Cache of missing souls']));
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
  const count = (value) => (typeof value === 'object' && value !== null ? Object.values(value).reduce((sum, inner) => sum + count(inner), 0) : 1);
  expect(lines.filter((line) => line.startsWith('  '))).toHaveLength(count(stats));
});

test('breaker, store, records and unknown figures are shown too', async () => {
  const parts = {
    breaker: { state: 'open', sinceMs: 130_000, lastError: 'connection refused' },
    store: { kind: 'shared', connected: false, loaded: 5, hits: 3, errors: 1 },
    records: { hits: 1, size: 2, bytes: 2_097_152, stale: 0 },
    later: { figure: 8 },
  };
  const { host } = await indexer(says(JSON.stringify({ ...(await realStats()), ...parts })));
  const { stdout } = await runCli(['stats', host]);
  for (const pattern of [/circuit +open\n/, /for +2 min 10 s\n/, /last error +connection refused\n/, /kind +shared\n/, /connected +no\n/, /size +2\.0 MiB\n/, /later\.figure +8\n/]) {
    expect(stdout).toMatch(pattern);
  }
});

test('an address without /api/gun/stats is tried at /gun/stats, where mount has them', async () => {
  const { mount } = require('../metrics');
  const { client } = await setup();
  const server = http.createServer((request, response) => response.writeHead(404).end());
  mount(server, { client });
  closedAfterTest(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  const { code, stdout } = await runCli(['stats', `localhost:${server.address().port}`.replace('localhost', '127.0.0.1')]);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/calls +0\n/)]);
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
  ['no JSON', says('<html>'), 'answered with something other than statistics'],
  ['other JSON', says('{"hits":1}'), 'answered with something other than statistics'],
  ['JSON null', says('null'), 'answered with something other than statistics'],
  ['a connection that closes', (response) => response.socket.destroy(), 'could not be reached: socket hang up'],
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
  expect(stderr).toContain(`https://${host}/api/gun/stats could not be reached: `);
  expect(requests).toHaveLength(0);
});

test('credentials in the address become basic auth and are not shown', async () => {
  const { host, requests } = await indexer(says('', 403));
  const { stderr } = await runCli(['stats', `http://ann:se%20cret@${host}`]);
  expect(Buffer.from(requests[0].headers.authorization.split(' ')[1], 'base64').toString()).toBe('ann:se cret');
  expect(stderr).toBe(`gun-native: http://${host}/api/gun/stats answered 403\n`);
});

test.each(['ftp://ann:secret@host/', 'http://', 'two words'])('%p is not an address, which is an error of the command line', async (address) => {
  const { code, stderr } = await runCli(['stats', address]);
  expect(code).toBe(2);
  expect(stderr).toContain('stats takes an http or https URL');
  expect(stderr).not.toContain('secret');
});

describe('--watch', () => {
  test('is refused if there is no terminal, and with --json', async () => {
    for (const [args, message] of [[['--watch'], 'option --watch needs a terminal'], [['--watch', '--json'], 'options --watch and --json exclude each other']]) {
      const { code, stderr } = await runCli(['stats', '127.0.0.1:1', ...args]);
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    }
  });

  test('shows rates, continues if the indexer is unreachable, and ends quietly with Ctrl-C', async () => {
    const stats = await realStats();
    let total = 0;
    const { host } = await indexer((response) => {
      total += 10;
      if (total === 20) response.socket.destroy();
      else response.end(JSON.stringify({ ...stats, total }));
    });
    const { code, output } = await watched([host], (text) => /calls +30 +\d+\.\d\/s/.test(text));
    expect(code).toBe(0);
    expect(output.split('\x1b[K').map((line) => line.trim())).toContainEqual(expect.stringMatching(/^calls +10$/));
    expect(output).toContain('could not be reached: socket hang up');
    expect(output.startsWith('\x1b[?1049h')).toBe(true);
    expect(output.endsWith('\x1b[?25h\x1b[?1049l')).toBe(true);
  });
});

/** `stats --watch` on a stream that says that it is a terminal, interrupted when it has shown enough. */
async function watched(args, isEnough) {
  const source = `
    process.stdout.isTTY = true;
    require('./lib/cli/main').main(['stats', ...${JSON.stringify(args)}, '--watch']).then((code) => { process.exitCode = code; });
  `;
  const child = spawn(process.execPath, ['-e', source], { cwd: ROOT, env: { ...process.env, TERM: 'xterm' }, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  let isInterrupted = false;
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
    if (isInterrupted || !isEnough(output)) return;
    // Once: a second signal, after the handler is gone, would end the process.
    isInterrupted = true;
    child.kill('SIGINT');
  });
  const [code] = await once(child, 'close');
  return { code, output };
}
