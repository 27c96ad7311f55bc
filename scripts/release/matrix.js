'use strict';

// Prints the targets as the matrix of the release workflow.

const { TARGETS } = require('./targets');

const include = TARGETS.map(({ name, triple, runner, libc }) => ({ name, triple, runner, containers: libc === 'musl' ? '--containers' : '' }));

console.log(`matrix=${JSON.stringify({ include })}`);
