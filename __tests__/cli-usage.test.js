'use strict';

const { version } = require('../package.json');
const { CLI, runCli, runFile } = require('./helpers/child');
const { testOfEsm } = require('./helpers/esm');

const EXIT_CODES = ['0 fine', '1 a soul is missing, or a check failed', '2 the command line', '3 the relay or the indexer', '4 gun-native itself'];
const COMMANDS = ['get', 'stats', 'verify'];

test('--help has commands, options, examples and exit codes, in 60 columns', async () => {
  const { code, stdout, stderr } = await runCli(['--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const said = ['gun-native get SOUL', 'gun-native stats URL', 'gun-native verify', 'GUN_PEERS', 'NO_COLOR', 'gun-native stats localhost:3005 --watch'];
  const options = ['--relay', '--json', '--refs', '--timeout', '--souls', '--passes', '--callers', '--watch', '--version'];
  for (const text of [...said, ...options]) expect(stdout).toContain(text);
  for (const text of EXIT_CODES) expect(stdout).toContain(text);
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(60);
});

test('help and -h are the same', async () => {
  const { stdout } = await runCli(['--help']);
  for (const args of [['-h'], ['help']]) expect(await runCli(args)).toMatchObject({ code: 0, stdout });
});

test.each(COMMANDS)('help %s and %s --help are about this command, with examples', async (command) => {
  const { code, stdout } = await runCli(['help', command]);
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^gun-native ${command} `));
  expect(stdout.match(new RegExp(`^  gun-native ${command} `, 'gm')).length).toBeGreaterThanOrEqual(2);
  for (const other of COMMANDS.filter((name) => name !== command)) expect(stdout).not.toContain(`gun-native ${other}`);
  expect(await runCli([command, '--help'])).toMatchObject({ code: 0, stdout });
});

test('--version and -v are that of the package', async () => {
  for (const flag of ['--version', '-v']) expect(await runCli([flag])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
});

test.each([
  [[], 'a command is missing: get, stats, verify or help'],
  [['fetch', 'a'], 'there is no command "fetch"\n'],
  [['gett', 'a'], 'there is no command "gett", did you mean get?'],
  [['verfiy'], 'there is no command "verfiy", did you mean verify?'],
  [['help', 'stat'], 'there is no command "stat", did you mean stats?'],
  [['constructor'], 'there is no command "constructor"'],
  [['get'], 'get takes one SOUL or more, got 0'],
  [['stats'], 'stats takes one URL, got 0'],
  [['stats', 'http://a', 'http://b'], 'stats takes one URL, got 2'],
  [['verify', 'http://a'], 'verify takes options only, got 1'],
  [['get', 'a', '--relais', 'b'], 'there is no option --relais, did you mean --relay?'],
  [['get', '-soul'], 'there is no option -s; put "--" before a soul that begins with a dash'],
  [['get', 'a', '--relay'], "'--relay <value>'"],
  [['get', 'a', '--json=yes'], "'--json'"],
  [['get', 'a', '--souls', 'file'], 'get has no option --souls'],
  [['stats', 'http://a', '--relay', 'http://b'], 'stats has no option --relay'],
  [['verify', '--refs', '1'], 'verify has no option --refs'],
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
  expect(stderr).toContain('Run "gun-native --help" for usage.');
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
