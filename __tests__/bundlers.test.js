'use strict';

// Tools that copy only the files that a program needs must find the binary.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { record } = require('./helpers/answers');
const { ROOT, run, runFile } = require('./helpers/child');
const { newRelay } = require('./helpers/setup');
const { mainManifest } = require('../scripts/release/pack/manifests');
const { target } = require('../lib/platform');

const NAME = `gun-native-${target()}`;
const BINARY = `gun-native.${target()}.node`;

let project;
beforeAll(() => {
  project = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-')));
  const [main, platform] = ['gun-native', NAME].map((name) => path.join(project, 'node_modules', name));
  fs.cpSync(path.join(ROOT, 'lib'), path.join(main, 'lib'), { recursive: true });
  fs.copyFileSync(path.join(ROOT, 'index.js'), path.join(main, 'index.js'));
  fs.writeFileSync(path.join(main, 'package.json'), JSON.stringify(mainManifest()));
  fs.mkdirSync(platform);
  fs.copyFileSync(path.join(ROOT, BINARY), path.join(platform, BINARY));
  fs.writeFileSync(path.join(platform, 'package.json'), JSON.stringify({ name: NAME, version: '0.0.0', main: BINARY }));
  fs.writeFileSync(path.join(project, 'app.js'), `require('gun-native').getRecord('a').then((answer) => console.log(answer));`);
});
afterAll(() => fs.rmSync(project, { recursive: true }));

async function tool(source) {
  const file = path.join(project, 'tool.js');
  fs.writeFileSync(file, source);
  const { code, stdout, stderr } = await run([file], { NODE_PATH: path.join(ROOT, 'node_modules') });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** Moves what is needed to a place where nothing else is, and runs it there. */
async function runCopied(files, main) {
  const relay = await newRelay({ a: record({ n: 1 }) });
  const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-'));
  try {
    for (const file of files) {
      fs.mkdirSync(path.dirname(path.join(copy, file)), { recursive: true });
      fs.copyFileSync(path.join(project, file), path.join(copy, file));
    }
    const result = await runFile(path.join(copy, main), { env: { GUN_PEERS: relay.url } });
    expect(result).toMatchObject({ code: 0, stdout: '{ n: 1 }\n', stderr: '' });
  } finally {
    fs.rmSync(copy, { recursive: true });
  }
}

test('@vercel/nft traces the binary, and a copy of the traced files runs', async () => {
  const files = await tool(`
    const { nodeFileTrace } = require('@vercel/nft');
    nodeFileTrace(['app.js'], { base: ${JSON.stringify(project)}, processCwd: ${JSON.stringify(project)} })
      .then(({ fileList }) => console.log(JSON.stringify([...fileList])));
  `.replace(`['app.js']`, JSON.stringify([path.join(project, 'app.js')])));
  expect(files).toContain(path.join('node_modules', NAME, BINARY));
  await runCopied(files, 'app.js');
});

test('esbuild bundles it with a loader for .node, and the bundle runs', async () => {
  const { errors, warnings, outputs } = await tool(`
    const options = {
      absWorkingDir: ${JSON.stringify(project)},
      entryPoints: ['app.js'],
      bundle: true,
      platform: 'node',
      outdir: 'out',
      loader: { '.node': 'copy' },
      metafile: true,
      logLevel: 'silent',
    };
    require('esbuild').build(options).then(({ errors, warnings, metafile }) => {
      console.log(JSON.stringify({ errors, warnings, outputs: Object.keys(metafile.outputs) }));
    });
  `);
  expect([errors, warnings]).toEqual([[], []]);
  expect(outputs.filter((file) => file.endsWith('.node'))).toHaveLength(1);
  await runCopied(outputs, 'out/app.js');
});
