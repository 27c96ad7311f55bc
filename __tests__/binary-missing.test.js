'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { ROOT, runNode } = require('./helpers/child');
const { mainManifest } = require('../scripts/release/pack/manifests');
const { TARGETS, packageOf } = require('../scripts/release/targets');
const { target } = require('../lib/platform');

const OWN = `gun-native-${target()}`;
const OTHER = TARGETS.map(packageOf).find((name) => name !== OWN);

let modules;
beforeEach(() => {
  modules = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-')), 'node_modules');
});
afterEach(() => fs.rmSync(path.dirname(modules), { recursive: true }));

/** Installs the main package as it is published, and beside it packages with these files: `{ name: { file: text } }`. */
function install(packages = {}, manifest = mainManifest()) {
  const main = path.join(modules, 'gun-native');
  fs.cpSync(path.join(ROOT, 'lib'), path.join(main, 'lib'), { recursive: true });
  fs.copyFileSync(path.join(ROOT, 'index.js'), path.join(main, 'index.js'));
  for (const [name, files] of Object.entries({ ...packages, 'gun-native': { 'package.json': JSON.stringify(manifest) } })) {
    fs.mkdirSync(path.join(modules, name), { recursive: true });
    for (const [file, text] of Object.entries(files)) fs.writeFileSync(path.join(modules, name, file), text);
  }
}

/** What requiring the installed package throws. */
async function failure(env, flags) {
  const source = `
    try {
      require(${JSON.stringify(path.join(modules, 'gun-native'))});
    } catch ({ name, code, message, cause }) {
      console.log(JSON.stringify({ name, code, message, cause: cause.message }));
    }
  `;
  const { stdout } = await runNode(source, { env, flags });
  return JSON.parse(stdout);
}

test('where the package of the platform was left out, the message names the bug of npm and how to repair the installation', async () => {
  install();
  const error = await failure();
  expect(error).toMatchObject({ name: 'GunError', code: 'ERR_GUN_BINARY_MISSING' });
  expect(error.message).toContain(`no binary that loads on ${target()}`);
  expect(error.message).toContain(`  ${OWN}: Cannot find module`);
  expect(error.message).toContain(path.join(modules, 'gun-native', `gun-native.${target()}.node`));
  expect(error.message).toContain('npm leaves optional dependencies out');
  expect(error.message).toContain('npm install --include=optional');
  expect(error.message).toContain(`npm install --save-optional ${OWN}@${mainManifest().version}`);
  expect(error.message).toContain(`cd ${JSON.stringify(path.join(modules, 'gun-native'))} && npm run build`);
});

test('where another platform was installed for, the message says so', async () => {
  install({ [OTHER]: { 'package.json': '{}' } });
  const { message } = await failure();
  expect(message).toContain(`${OTHER} is installed instead`);
  expect(message).not.toContain('npm leaves optional dependencies out');
});

test('if the package is installed but does not load, the message has its error and no bug of npm', async () => {
  install({ [OWN]: { 'package.json': '{"main":"addon.node"}', 'addon.node': 'not a library' } });
  const { message, cause } = await failure();
  expect(message).toContain(`${OWN} is installed, but this system cannot load it`);
  expect(message).toContain(cause.split('\n')[0]);
  expect(message).not.toContain('npm leaves optional dependencies out');
});

test('where nothing is published for a platform, only building from source is left', async () => {
  const { optionalDependencies, ...rest } = mainManifest();
  const others = Object.entries(optionalDependencies).filter(([name]) => name !== OWN);
  install({}, { ...rest, optionalDependencies: Object.fromEntries(others) });
  const { message } = await failure();
  expect(message).toContain('npm run build');
  expect(message).not.toContain('npm install');
});

describe('where Node may not load addons, the message says which flag allows it', () => {
  const [permission] = ['--permission', '--experimental-permission'].filter((flag) => process.allowedNodeEnvironmentFlags.has(flag));
  const withPermission = permission === undefined ? test.skip : test;

  test.each([
    ['installed', { [OWN]: { 'package.json': '{"main":"addon.node"}', 'addon.node': 'not a library' } }, {}],
    ['named', {}, { GUN_NATIVE_BINARY: path.join(ROOT, `gun-native.${target()}.node`) }],
  ])('--no-addons: %s', async (_what, packages, env) => {
    install(packages);
    const { message, cause } = await failure(env, ['--no-addons']);
    expect(message).toContain('--allow-addons');
    expect(cause).toContain('addons is disabled');
    expect(message).not.toMatch(/npm leaves|cannot load it|without that variable/);
  });

  withPermission('--permission', async () => {
    install({ [OWN]: { 'package.json': '{"main":"addon.node"}', 'addon.node': 'not a library' } });
    const { code, message } = await failure({}, [permission, '--allow-fs-read=*']);
    expect(code).toBe('ERR_GUN_BINARY_MISSING');
    expect(message).toContain('--allow-addons');
  });

  withPermission('with it, the package loads', async () => {
    const { stdout } = await runNode(`console.log(typeof require('./index.js').getRecord)`, { flags: [permission, '--allow-fs-read=*', '--allow-addons'] });
    expect(stdout).toBe('function\n');
  });
});

test('where the libc is not known, both kinds are tried and named', async () => {
  if (process.platform !== 'linux') return;
  install();
  const preload = path.join(path.dirname(modules), 'unreadable.js');
  fs.writeFileSync(preload, `
    require('fs').openSync = () => { throw Object.assign(new Error('EACCES'), { code: 'EACCES' }); };
    process.report.getReport = () => { throw new Error('no report'); };
  `);
  const { message } = await failure({}, ['-r', preload]);
  for (const libc of ['gnu', 'musl']) expect(message).toContain(`  gun-native-linux-${process.arch}-${libc}: Cannot find module`);
});

test('GUN_NATIVE_BINARY is the only place looked at, and named', async () => {
  install();
  const { message } = await failure({ GUN_NATIVE_BINARY: 'nowhere.node' });
  expect(message).toContain(`  ${path.join(ROOT, 'nowhere.node')}: Cannot find module`);
  expect(message).toContain('GUN_NATIVE_BINARY names it');
  expect(message).not.toContain(OWN);
});
