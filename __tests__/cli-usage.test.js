'use strict';

const { version } = require('../package.json');
const { CLI, runCli, runFile } = require('./helpers/child');
const { testOfEsm } = require('./helpers/esm');

const EXIT_CODES = ['0 fine', '1 a soul is missing, or a check failed', '2 the command line', '3 the relay or the indexer', '4 gun-native itself'];

test('--help tells commands, options and exit codes', async () => {
  const { code, stdout, stderr } = await runCli(['--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const said = ['gun-native get SOUL', 'gun-native stats URL', 'gun-native verify', 'GUN_PEERS', 'NO_COLOR'];
  const options = ['--relay', '--json', '--refs', '--timeout', '--souls', '--passes', '--callers', '--help', '--version'];
  for (const text of [...said, ...options]) expect(stdout).toContain(text);
  for (const text of EXIT_CODES) expect(stdout.replace(/\s+/g, ' ')).toContain(text);
});

test('help is to be had with a command, too, and by -h', async () => {
  const { stdout } = await runCli(['-h']);
  expect(await runCli(['verify', '--help'])).toMatchObject({ code: 0, stdout });
});

test('--version is that of the package', async () => {
  expect(await runCli(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
});

test.each([
  [[], 'a command is missing, one of get, stats, verify'],
  [['fetch', 'a'], 'there is no command "fetch", only get, stats, verify'],
  [['constructor'], 'there is no command "constructor"'],
  [['get'], 'get takes one SOUL or more, got 0'],
  [['stats'], 'stats takes one URL, got 0'],
  [['stats', 'http://a', 'http://b'], 'stats takes one URL, got 2'],
  [['verify', 'http://a'], 'verify takes options only, got 1'],
  [['get', 'a', '--depth', '2'], "'--depth'"],
  [['get', 'a', '--relay'], "'--relay <value>'"],
  [['get', 'a', '--json=yes'], "'--json'"],
  [['get', 'a', '--souls', 'file'], 'option --souls does not go with get'],
  [['stats', 'http://a', '--relay', 'http://b'], 'option --relay does not go with stats'],
  [['verify', '--refs', '1'], 'option --refs does not go with verify'],
  [['get', 'a', '--refs', '9'], 'option --refs must be a whole number from 0 to 8, got "9"'],
  [['get', 'a', '--refs', '1.5'], 'option --refs must be'],
  [['get', 'a', '--timeout', '0'], 'option --timeout must be a whole number from 1 to 2147483647, got "0"'],
  [['get', 'a', '--timeout', '1e3'], 'option --timeout must be'],
  [['verify', '--passes', '1'], 'option --passes must be a whole number from 2 to 100, got "1"'],
  [['verify', '--callers', ''], 'option --callers must be a whole number from 1 to 1000, got ""'],
])('%j is an error of the command line that names what is wrong', async (args, message) => {
  const { code, stdout, stderr } = await runCli(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(message);
  expect(stderr).toContain('--help');
});

test('without a binary, help works and a command is exit code 4 that says what to do', async () => {
  const env = { GUN_NATIVE_BINARY: '/nowhere.node' };
  expect(await runCli(['--help'], { env })).toMatchObject({ code: 0 });
  const { code, stderr } = await runCli(['get', 'a'], { env });
  expect(code).toBe(4);
  expect(stderr).toContain('npm run build');
  expect(stderr).not.toContain('    at ');
});

testOfEsm('it runs under node -r esm', async () => {
  expect(await runFile(CLI, { flags: ['-r', 'esm'], args: ['--version'] })).toMatchObject({ code: 0, stdout: `${version}\n` });
  const { code, stderr } = await runFile(CLI, { flags: ['-r', 'esm'], args: ['get', 'a', '--relay', 'http://127.0.0.1:1'] });
  expect(code).toBe(3);
  expect(stderr).toContain('could not be reached');
});
