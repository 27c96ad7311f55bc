'use strict';

const { FIRST_WITHOUT_ESM } = require('../../scripts/release/package/consumers');

/** `test`, skipped where the loader `esm` starts on no program. */
const testOfEsm = Number(process.versions.node.split('.')[0]) < FIRST_WITHOUT_ESM ? test : test.skip;

module.exports = { testOfEsm };
