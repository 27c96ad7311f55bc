'use strict';

// `gun-native/metrics` for loaders that do not read `exports`, such as `node -r esm`.
module.exports = require('./lib/metrics');
