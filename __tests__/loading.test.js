'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { pathToFileURL } = require('url');
const { record } = require('./helpers/answers');
const { ROOT, runFile, runNode } = require('./helpers/child');
const { testOfEsm } = require('./helpers/esm');
const { newRelay } = require('./helpers/setup');

const NAMES = [
  'GunClient', 'GunError', 'cacheStats', 'getRecord', 'getRecordText', 'getRecords', 'invalidate', 'invalidateAll', 'isGunError', 'isRecord',
];

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-'));
afterAll(() => fs.rmSync(directory, { recursive: true }));

function fileWith(name, source) {
  const file = path.join(directory, name);
  fs.writeFileSync(file, source);
  return file;
}

test('the package exports its ten names', () => {
  expect(Object.keys(require('..')).sort()).toEqual(NAMES);
});

test('the same names are named exports for ESM', async () => {
  const relay = await newRelay({ a: record({ n: 1 }) });
  const source = `
    import { ${NAMES.join(', ')} } from './index.js';
    import everything from './index.js';
    if (GunClient !== everything.GunClient || !(GunError.prototype instanceof Error)) throw new Error('not the same');
    console.log(await getRecord('a'), await getRecords(['b']), invalidate('b'), invalidateAll(), cacheStats().total);
  `;
  const result = await runNode(source, { flags: ['--input-type=module'], env: { GUN_PEERS: relay.url } });
  expect(result).toMatchObject({ code: 0, stdout: '{ n: 1 } [ null ] true 0 2\n', stderr: '' });
});

testOfEsm('node -r esm loads it, by import and by require', async () => {
  const relay = await newRelay({ a: record({ n: 1 }) });
  const file = fileWith('indexer.js', `
    import { getRecord, GunError } from '${pathToFileURL(path.join(ROOT, 'index.js'))}';
    const { getRecords } = require(${JSON.stringify(ROOT)});
    (async () => {
      const [failure] = await getRecords(['']);
      console.log(await getRecord('a'), failure instanceof GunError, failure.code);
    })();
  `);
  const result = await runFile(file, { flags: ['-r', 'esm'], env: { GUN_PEERS: relay.url } });
  expect(result).toMatchObject({ code: 0, stdout: '{ n: 1 } true ERR_GUN_INVALID_ARGUMENT\n', stderr: '' });
});

test('with its modules loaded again over the same addon, as jest does, it shares the default client', async () => {
  const relay = await newRelay();
  const source = `
    const first = require('./index.js');
    for (const file of Object.keys(require.cache)) if (!file.endsWith('.node')) delete require.cache[file];
    const second = require('./index.js');
    (async () => {
      const answers = [await first.getRecord('a'), await second.getRecord('a')];
      console.log(first === second, answers, second.cacheStats().hits);
    })();
  `;
  const result = await runNode(source, { env: { GUN_PEERS: relay.url } });
  expect(result).toMatchObject({ code: 0, stdout: 'false [ null, null ] 1\n', stderr: '' });
  expect(relay.requests).toHaveLength(1);
});

test('after jest.resetModules it loads again', () => {
  const first = require('..');
  jest.resetModules();
  const second = require('..');
  expect(second.getRecord).not.toBe(first.getRecord);
  expect(second.cacheStats()).toEqual({ ...first.cacheStats(), breaker: expect.anything() });
});

test('a GunError is one under jest, for instanceof and for matchers', async () => {
  const { getRecord, GunError } = require('..');
  await expect(getRecord('')).rejects.toThrow(GunError);
  await expect(getRecord('')).rejects.toThrow('soul must be');
});

test('without a binary, loading is ERR_GUN_BINARY_MISSING that says what to do', async () => {
  const source = `
    try {
      require('./index.js');
    } catch (error) {
      console.log(JSON.stringify({ name: error.name, code: error.code, message: error.message }));
    }
  `;
  const nowhere = path.join(directory, 'nowhere.node');
  const { code, stdout } = await runNode(source, { env: { GUN_NATIVE_BINARY: nowhere } });
  expect(code).toBe(0);
  const error = JSON.parse(stdout);
  expect(error).toMatchObject({ name: 'GunError', code: 'ERR_GUN_BINARY_MISSING' });
  expect(error.message).toContain(`${process.platform}-${process.arch}`);
  expect(error.message).toContain(nowhere);
  expect(error.message).toContain('npm run build');
});

test('a binary that cannot be loaded is ERR_GUN_BINARY_MISSING with its cause', async () => {
  const broken = fileWith('broken.node', 'not a library');
  const source = `try { require('./index.js'); } catch (error) { console.log(error.code, String(error.cause)); }`;
  const { stdout } = await runNode(source, { env: { GUN_NATIVE_BINARY: broken } });
  expect(stdout).toMatch(/^ERR_GUN_BINARY_MISSING Error: /);
});

test('loading makes no connection and no log line', async () => {
  const relay = await newRelay();
  const { stdout, stderr } = await runNode(`require('./index.js');`, { env: { GUN_PEERS: relay.url } });
  expect([stdout, stderr, relay.connections]).toEqual(['', '', 0]);
});
