'use strict';

// npm run chaos:shared [seeds]: plays the shared store's protocol against a faulty server and network in virtual time, first
// without each of its parts, which must be noticed, then as it is, which must break no promise. See src/store/shared/tests.

const { spawnSync } = require('child_process');
const { ROOT } = require('../../../scripts/command');

const seeds = process.argv[2] || '1500';
const args = ['test', '--release', '--lib', 'store::shared::tests::model', '--', '--nocapture'];
// A model needs no link-time optimisation, which takes longer than its run.
const profile = { CARGO_PROFILE_RELEASE_LTO: 'off', CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16' };
const env = { ...process.env, ...profile, GUN_MODEL_SEEDS: seeds };
const { status } = spawnSync('cargo', args, { cwd: ROOT, env, stdio: 'inherit' });
process.exitCode = status === 0 ? 0 : 1;
