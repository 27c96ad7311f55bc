'use strict';

// npm run fuzz [-- --seconds N]: fuzzes each target for a minute, starting from fuzz/corpus. An input that breaks a check is
// left in fuzz/artifacts; move it to fuzz/corpus to keep it as a test.

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { parseArgs } = require('util');

const ROOT = path.join(__dirname, '..');
const TARGETS = ['classify', 'record', 'options'];
/** Longer inputs reach no new code, and the JSON model is recursive. */
const MAX_INPUT_BYTES = 4096;
/** libFuzzer's instrumentation is unstable; this lets a stable compiler use it. */
const ENV = { ...process.env, RUSTC_BOOTSTRAP: '1' };

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });

function cargo(args, stdio) {
  const { status, stderr } = spawnSync('cargo', args, { cwd: ROOT, env: ENV, stdio, encoding: 'utf8', maxBuffer: 2 ** 28 });
  return { ok: status === 0, stderr: stderr || '' };
}

function install() {
  if (cargo(['fuzz', '--version'], 'ignore').ok) return;
  console.log('installing cargo-fuzz: cargo install cargo-fuzz --locked');
  if (cargo(['install', 'cargo-fuzz', '--locked'], ['ignore', 'inherit', 'inherit']).ok) return;
  console.log('FAIL: fuzzing needs cargo-fuzz; `cargo test` applies the same checks to the corpus');
  process.exit(1);
}

/** Fuzzes one target; inputs with new coverage are not kept. */
function fuzz(target) {
  const found = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-fuzz-'));
  const limits = [`-max_total_time=${values.seconds}`, `-max_len=${MAX_INPUT_BYTES}`];
  const args = ['fuzz', 'run', '--fuzz-dir', 'fuzz', target, found, path.join('fuzz', 'corpus', target), '--', ...limits];
  const { ok, stderr } = cargo(args, ['ignore', 'ignore', 'pipe']);
  fs.rmSync(found, { recursive: true });
  const done = /Done (\d+) runs in (\d+) second/.exec(stderr);
  if (ok && done) {
    console.log(`PASS: ${target}, ${done[1]} inputs in ${done[2]} s`);
    return;
  }
  console.log(stderr.split('\n').filter((line) => !/^#\d/.test(line)).slice(-60).join('\n'));
  console.log(`FAIL: ${target}`);
  process.exitCode = 1;
}

install();
console.log('building the targets; the first build takes some minutes');
if (!cargo(['fuzz', 'build', '--fuzz-dir', 'fuzz'], ['ignore', 'ignore', 'inherit']).ok) process.exit(1);
TARGETS.forEach(fuzz);
