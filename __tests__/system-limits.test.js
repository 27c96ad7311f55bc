'use strict';

const { spawnSync } = require('child_process');
const { run, runNode } = require('./helpers/child');
const { record } = require('./helpers/answers');
const { newRelay } = require('./helpers/setup');

// The system's limits are failures with the code that Node has for them, and no panic.

const onUnix = process.platform === 'win32' ? test.skip : test;

onUnix('too many open files is EMFILE, for an address and for a name', async () => {
  const relay = await newRelay({ a: record({ n: 1 }) });
  const script = `
    const fs = require('fs');
    const { GunClient } = require('./index.js');
    const open = (host) => new GunClient({ relayUrl: 'http://' + host + ':${new URL(relay.url).port}', logger: false, retries: 0 });
    (async () => {
      // The network thread starts, and everything is loaded.
      await open('127.0.0.1').getRecord('a');
      const clients = [open('127.0.0.1'), open('localhost')];
      const files = [];
      try { for (;;) files.push(fs.openSync('package.json')); } catch (error) { if (error.code !== 'EMFILE') throw error; }
      const errors = await Promise.all(clients.map((client) => client.getRecord('a').catch((error) => error)));
      for (const file of files) fs.closeSync(file);
      console.log(JSON.stringify(errors.map((error) => [error.code, error.cause.code, error.message])));
      console.log(JSON.stringify(await Promise.all(clients.map((client) => client.getRecord('a')))));
    })();
  `;
  const { stdout, stderr } = await run(['-c', 'ulimit -n 256; exec "$0" -e "$1"', process.execPath, script], {}, { program: 'sh' });
  expect(stderr).toBe('');
  const [errors, after] = stdout.trim().split('\n').map((line) => JSON.parse(line));
  for (const [code, cause, message] of errors) {
    expect(code).toBe('ERR_GUN_CONNECT');
    // A lookup that cannot open its files may call that another failure.
    expect(cause).toMatch(/^(EMFILE|EAI_AGAIN|ENOTFOUND|EAI_FAIL)$/);
    expect(message).not.toMatch(/fault of gun-native|panic/);
  }
  expect(errors[0][1]).toBe('EMFILE');
  expect(errors[0][2]).toMatch(/too many open files; raise the limit \(ulimit -n\) or lower maxInFlight/);
  expect(after).toEqual([{ n: 1 }, { n: 1 }]);
});

const hasPrlimit = process.platform === 'linux' && spawnSync('prlimit', ['--version']).status === 0;

(hasPrlimit ? test : test.skip)('no thread for a lookup is an error that says so, and calls succeed once there is one', async () => {
  const relay = await newRelay({ a: record({ n: 1 }) });
  const script = `
    const fs = require('fs');
    const { spawnSync } = require('child_process');
    const { GunClient } = require('./index.js');
    // A thread needs room for its stack, which this limit leaves none of.
    const limit = (bytes) => { if (spawnSync('prlimit', ['--pid', String(process.pid), '--as=' + bytes + ':unlimited']).status !== 0) throw new Error('prlimit'); };
    (async () => {
      await new GunClient({ relayUrl: '${relay.url}', logger: false }).getRecord('a');
      const client = new GunClient({ relayUrl: 'http://localhost:${new URL(relay.url).port}', logger: false, retries: 0 });
      const size = Number(/VmSize:\\s+(\\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
      limit(size);
      const error = await client.getRecord('a').catch((thrown) => thrown);
      limit('unlimited');
      console.log(JSON.stringify([error.code, error.cause.code, error.message]));
      console.log(JSON.stringify(await client.getRecord('a')));
    })();
  `;
  const { stdout, stderr } = await runNode(script);
  expect(stderr).toBe('');
  const [error, after] = stdout.trim().split('\n').map((line) => JSON.parse(line));
  expect(error.slice(0, 2)).toEqual(['ERR_GUN_CONNECT', 'EAGAIN']);
  expect(error[2]).toContain('no thread could be started to look up localhost');
  expect(after).toEqual({ n: 1 });
});
