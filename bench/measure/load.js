'use strict';

// The cost of loading a client in a fresh process.

const fs = require('fs');
const { mainThreadUs } = require('./meter');

module.exports = async function measureLoad({ adapter }) {
  const mainBefore = mainThreadUs();
  const since = performance.now();
  await adapter.load();
  const loadMs = performance.now() - since;
  const loadMainMs = (mainThreadUs() - mainBefore) / 1e3;
  const binaries = Object.keys(require.cache).filter((file) => file.endsWith('.node'));
  const binaryBytes = binaries.reduce((sum, file) => sum + fs.statSync(file).size, 0);
  return { loadMs, loadMainMs, ...(binaries.length > 0 && { binaryBytes }) };
};
