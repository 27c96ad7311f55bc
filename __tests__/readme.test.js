'use strict';

const fs = require('fs');
const path = require('path');
const { missing, record, status } = require('./helpers/answers');
const { ROOT, runNode } = require('./helpers/child');
const { newRelay } = require('./helpers/setup');

const README = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');

/** The block of code that follows this mark. */
function block(mark) {
  const [, code] = README.split(`<!-- test: ${mark} -->\n\`\`\`js\n`);
  return code.split('\n```')[0].replace("require('gun-native')", "require('./index.js')");
}

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
