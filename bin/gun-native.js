#!/usr/bin/env node
'use strict';

const { main } = require('../lib/cli/main');

main(process.argv.slice(2)).then((code) => {
  // Not by process.exit, which would cut off what a pipe has not taken yet.
  process.exitCode = code;
});
