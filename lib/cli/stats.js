'use strict';

const { EXIT, Ending } = require('./exit');
const { getText } = require('./http');
const { usage } = require('./options');
const { table } = require('./table');
const { printable } = require('./terminal');
const { show } = require('../arguments');

/** Where an indexer has its statistics. */
const ENDPOINT = '/api/gun/stats';

/** Prints the statistics of an indexer. */
async function run([address], values) {
  const url = endpointOf(address);
  const text = await getText(url);
  const stats = statsIn(text, url);
  process.stdout.write(`${values.json ? printable(text.trim()) : table(rowsOf(stats), '<>')}\n`);
  return EXIT.FINE;
}

function endpointOf(address) {
  const url = urlOf(address);
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw usage(`stats takes an http or https URL, got ${show(address.replace(/\/\/.*@/, '//***@'))}`);
  }
  if (!url.pathname.endsWith('/stats')) url.pathname = url.pathname.replace(/\/*$/, ENDPOINT);
  return url;
}

function urlOf(text) {
  try {
    return new URL(text);
  } catch (invalid) {
    return undefined;
  }
}

/** What `cacheStats()` gave in the indexer; anything else that answers is not one. */
function statsIn(text, url) {
  let stats;
  try {
    stats = JSON.parse(text);
  } catch (notJson) {
    stats = undefined;
  }
  const isStats = isObject(stats) && ['hits', 'total', 'size'].every((name) => typeof stats[name] === 'number');
  if (!isStats) throw new Ending(`${url.origin}${url.pathname} answered with something that is no statistics of gun-native`, EXIT.FAILED);
  return stats;
}

function isObject(value) {
  return typeof value === 'object' && value !== null;
}

/** A row for each figure, by the name that `cacheStats()` has for it: `requests.sent`. */
function rowsOf(stats, prefix = '') {
  return [].concat(
    ...Object.keys(stats).map((name) => {
      const value = stats[name];
      if (isObject(value) && !Array.isArray(value)) return rowsOf(value, `${prefix}${name}.`);
      return [[printable(JSON.stringify(`${prefix}${name}`)).slice(1, -1), figure(name, value)]];
    }),
  );
}

function figure(name, value) {
  if (typeof value !== 'number') return printable(JSON.stringify(value));
  if (name === 'hitRate') return `${(100 * value).toFixed(1)}%`;
  return value.toLocaleString('en-US');
}

module.exports = { run };
