'use strict';

const fs = require('fs');
const path = require('path');
const { json, missing, record, status } = require('./helpers/answers');
const { ROOT, runCli, runNode } = require('./helpers/child');
const { newRelay } = require('./helpers/setup');

const README = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');

/** The block of code that follows this mark. */
function block(mark) {
  const [, marked] = README.split(`<!-- test: ${mark} -->\n`);
  const [, code] = /^```.*\n([^]*?)\n```/.exec(marked);
  return code.replace("require('gun-native')", "require('./index.js')");
}

test('the first calls in the README answer as its comments say', async () => {
  const relay = await newRelay({ 'f3a9c1d27b40:workout-2024-12-08': record({ n: 1 }), 'f3a9c1d27b40:squat': status(400), 'f3a9c1d27b40:lunge': missing() });
  const shown = 'console.log(JSON.stringify([workout, exercises.map((one) => (one instanceof Error ? one.code : one)), cacheStats().invalidations]));';
  const { stdout, stderr } = await runNode(`(async () => { ${block('use')}\n${shown} })();`, { env: { GUN_PEERS: relay.url } });
  expect([stderr, stdout]).toEqual(['', '0\n[{"n":1},["ERR_GUN_STATUS",null],1]\n']);
});

test("the helper in the README keeps its callers' behaviour", async () => {
  const records = { a: record({ n: 1 }), b: missing(), c: status(400), d: [missing(), record({ n: 2 })] };
  // A put names its soul in its body, not in its URL.
  const relay = await newRelay({ ...records, null: status(200, {}, '{"success":true}') });
  const source = `
    ${block('helper')}
    (async () => {
      const gun = new GunHelper();
      const answers = [await gun.getRecord('a'), await gun.getRecord('b'), await gun.getRecord('c')];
      answers.push(await gun.getRecord('d'));
      await gun.putRecord('d', { n: 2 });
      answers.push(await gun.getRecord('d'));
      console.log(JSON.stringify(answers));
    })();
  `;
  const { code, stdout, stderr } = await runNode(source, { env: { GUN_PEERS: relay.url } });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual([{ n: 1 }, null, null, null, { n: 2 }]);
  const failed = `relay ${relay.url} answered 400 for soul "c"`;
  expect(stderr.trim().replace(/\(1 attempt in .*\)$/, '')).toBe(`⚠️  Error in getRecord after 2 retries: ${failed} `);
});

test('the commands in the README do what they say', async () => {
  const workout = 'f3a9c1d27b40:workout-2024-12-08';
  const relay = await newRelay((soul) => (soul === workout ? record({ n: 1 }) : missing()));
  const indexer = await newRelay({ null: json('{"hits":45,"total":100,"size":55}') });
  const commands = block('commands').split('\n').map((line) => line.replace(/^\$ npx gun-native /, '').split(/ +#/)[0]);
  expect(commands.map((command) => command.split(' ')[0])).toEqual(['get', 'verify', 'stats']);
  const results = [];
  for (const command of commands) {
    const here = command.replace('http://gun-relay:8765', relay.url).replace('http://localhost:3005', indexer.url);
    results.push(await runCli(here.split(' '), { env: { GUN_PEERS: relay.url } }));
  }
  expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(JSON.parse(results[0].stdout)).toEqual({ n: 1 });
  expect(results[1].stdout).toMatch(/10 of 10 passed in/);
  expect(results[2].stdout).toMatch(/^ {2}cache hits +45$/m);
  expect(indexer.requests[0].url).toBe('/api/gun/stats');
});
