#!/usr/bin/env node
'use strict';

const { main } = require('../lib/cli/main');

main(process.argv.slice(2)).then((code) => {
  // Not process.exit, which would discard output that a pipe has not taken yet.
  process.exitCode = code;
});
