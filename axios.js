'use strict';

// `gun-native/axios` for loaders that do not read `exports`, such as `node -r esm`.
module.exports = require('./lib/axios');
