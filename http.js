'use strict';

// For what knows no `exports` of packages: the loader `esm`, and TypeScript that resolves as Node 10 did.
module.exports = require('./lib/http');
