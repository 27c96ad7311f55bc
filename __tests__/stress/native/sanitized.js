'use strict';

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const ROOT = path.join(__dirname, '..', '..', '..');
const FOLDER = path.join(ROOT, 'target', 'sanitized');

function run(command, args, env = {}) {
  const options = { cwd: ROOT, env: { ...process.env, ...env }, encoding: 'utf8', maxBuffer: 2 ** 28 };
  const { status, stdout, stderr } = spawnSync(command, args, options);
  return { ok: status === 0, stdout: (stdout || '').trim(), stderr: (stderr || '').trim() };
}

/**
 * Builds the addon with an address sanitizer. Returns the environment in which Node uses it, or the reason why there is none.
 * Node itself is not sanitized: the C compiler's runtime is preloaded, and leaks are not checked.
 */
function buildSanitized() {
  if (process.platform !== 'linux') return { why: `not tried on ${process.platform}` };
  const runtime = run('cc', ['-print-file-name=libasan.so']).stdout;
  if (!path.isAbsolute(runtime)) return { why: 'the C compiler has no libasan.so' };
  const [, host] = /host: (.*)/.exec(run('rustc', ['-vV']).stdout) || [];
  if (!host) return { why: 'no rustc' };
  const env = {
    RUSTC_BOOTSTRAP: '1', // the flag has no stable name yet
    RUSTFLAGS: '-Zsanitizer=address -Cforce-frame-pointers=yes',
    CARGO_PROFILE_RELEASE_LTO: 'off',
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
    CARGO_PROFILE_RELEASE_STRIP: 'none',
    CARGO_PROFILE_RELEASE_DEBUG: 'line-tables-only',
  };
  // With an explicit target, build scripts and macros are built without the sanitizer.
  const args = ['build', '--package', 'gun-native-binding', '--release', '--lib', '--locked', '--target', host, '--target-dir', FOLDER];
  const built = run('cargo', args, env);
  if (!built.ok) return { why: `the build failed\n${built.stderr.slice(-2_000)}` };
  const addon = path.join(FOLDER, 'gun-native.node');
  fs.copyFileSync(path.join(FOLDER, host, 'release', 'libgun_native_binding.so'), addon);
  return {
    env: {
      LD_PRELOAD: fs.realpathSync(runtime),
      // The quarantine of freed memory (256 MB by default) counts towards rss.
      ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1:quarantine_size_mb=32',
      GUN_NATIVE_BINARY: addon,
    },
  };
}

module.exports = { buildSanitized };
