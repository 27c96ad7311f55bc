'use strict';

// `npm run audit` needs the network; here npm asks a registry of the test about the packages that the tests use.

const http = require('http');
const { runFile } = require('./helpers/child');
const { serving } = require('./helpers/servers');

const LIMIT_MS = 60_000;

/** Runs the check against a registry with these advisories, or with one that answers nothing. */
async function audit(advisories) {
  const registry = http.createServer((request, response) => {
    request.resume().on('end', () => {
      const isAnswered = advisories !== undefined && request.url.endsWith('/advisories/bulk');
      response.writeHead(isAnswered ? 200 : 405, { 'content-type': 'application/json' });
      response.end(JSON.stringify(advisories ?? {}));
    });
  });
  const { port } = await serving(registry);
  const env = { npm_config_registry: `http://127.0.0.1:${port}/`, npm_config_fetch_retries: '0' };
  const { code, stdout, stderr } = await runFile('scripts/audit-tests.js', { env, limitMs: LIMIT_MS });
  return { code, stdout, stderr };
}

const advisory = (severity, versions) => ({
  id: 1,
  url: 'https://example.org/1',
  title: 'a fault',
  severity,
  vulnerable_versions: versions,
  cwe: [],
  cvss: { score: 0, vectorString: null },
});

test('no advisory is a pass', async () => {
  expect(await audit({})).toEqual({ code: 0, stdout: '', stderr: '' });
}, LIMIT_MS);

test('an advisory about a version that the tests need is shown, and is no failure', async () => {
  const { code, stdout } = await audit({ axios: [advisory('high', '<1.8')] });
  expect(stdout).toBe('needed: axios (high), node_modules/axios-1.7: a fault, https://example.org/1\n');
  expect(code).toBe(0);
}, LIMIT_MS);

test('a grave one about any other version fails, and a slight one does not', async () => {
  const { code, stdout } = await audit({ axios: [advisory('critical', '<99')], koa: [advisory('moderate', '<99')] });
  expect(stdout).toMatch(/^axios \(critical\), .*node_modules\/axios(,|:).*: a fault, https:\/\/example.org\/1\n$/);
  expect(code).toBe(1);
}, LIMIT_MS);

test('a registry that does not answer is a failure that says so', async () => {
  const { code, stderr } = await audit(undefined);
  expect(stderr).toMatch(/^not checked: .*405/);
  expect(code).toBe(1);
}, LIMIT_MS);
