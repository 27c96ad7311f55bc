'use strict';

// `gun-native/http` for loaders that do not read `exports`, such as `node -r esm`.
module.exports = require('./lib/http');
