'use strict';

const { FIRST_WITHOUT_ESM } = require('../../scripts/release/package/consumers');

/** `test`, skipped on Node versions where the loader `esm` does not start. */
const testOfEsm = Number(process.versions.node.split('.')[0]) < FIRST_WITHOUT_ESM ? test : test.skip;

module.exports = { testOfEsm };
