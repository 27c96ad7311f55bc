'use strict';

const http = require('http');
const https = require('https');
const { show } = require('../arguments');
const { EXIT, Ending, usage, withScheme } = require('./main');
const { duration, isScreen, paint, printable } = require('./terminal');

/** Paths of an indexer's statistics, in the order in which they are tried. */
const ENDPOINTS = ['/api/gun/stats', '/gun/stats'];
/** Timeout; an indexer with a busy event loop answers late. */
const TIMEOUT_MS = 10000;
/** Maximum size; statistics have a few kilobytes. */
const MAX_BYTES = 1048576;
const WATCH_EVERY_MS = 2000;

const count = (value) => value.toLocaleString('en-US');
const share = (value) => `${(100 * value).toFixed(1)}%`;

/**
 * Figures by group: path in the statistics, label, unit. `--watch` shows the rates of counters. Figures that are not listed
 * come last, with their path.
 */
const GROUPS = {
  Relay: [['breaker.state', 'circuit'], ['breaker.sinceMs', 'for', duration], ['breaker.lastError', 'last error']],
  Calls: [['total', 'calls', count, 'counter'], ['hits', 'cache hits', count, 'counter'], ['hitRate', 'hit rate', share]],
  Requests: [
    ['requests.sent', 'sent', count, 'counter'], ['requests.retried', 'retried', count, 'counter'],
    ['requests.coalesced', 'coalesced', count, 'counter'], ['requests.refreshed', 'refreshed', count, 'counter'],
    ['requests.found', 'found', count, 'counter'], ['requests.missing', 'missing', count, 'counter'],
    ['requests.inFlight', 'in flight', count], ['requests.queued', 'queued', count],
    ['requests.p50', 'p50', duration], ['requests.p90', 'p90', duration], ['requests.p99', 'p99', duration],
  ],
  'Failed requests': [[/^requests\.failed\./, undefined, count, 'counter']],
  'Cache of missing souls': [
    ['size', 'entries', count], ['capacity', 'capacity', count], ['ttlMs', 'TTL', duration], ['inserts', 'inserts', count, 'counter'],
    ['evictions', 'evictions', count, 'counter'], ['expirations', 'expirations', count, 'counter'],
    ['invalidations', 'invalidations', count, 'counter'],
  ],
  Store: [[/^store\./, undefined, count]],
  'Cache of records': [['records.bytes', 'size', (value) => `${(value / 1048576).toFixed(1)} MiB`], [/^records\./, undefined, count]],
  Process: [['process.uptimeMs', 'uptime', duration], ['process.pid', 'pid', String], [/^process\./]],
  Other: [[/^(?!calls\.|callErrors\.|requestDurations\.)/, undefined, count]],
};

/** Prints the statistics of an indexer. */
async function run([address], values) {
  const urls = endpointsOf(address);
  if (values.watch) {
    if (values.json) throw usage('options --watch and --json exclude each other');
    if (!isScreen(process.stdout)) throw usage('option --watch needs a terminal');
    return watch(urls);
  }
  const { text, stats } = await read(urls);
  process.stdout.write(values.json ? `${printable(text.trim())}\n` : `${linesOf(stats).join('\n')}\n`);
  return EXIT.FINE;
}

function endpointsOf(address) {
  const url = urlOf(withScheme(address));
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw usage(`stats takes an http or https URL, got ${show(address.replace(/\/\/.*@/, '//***@'))}`);
  }
  if (url.pathname.endsWith('/stats')) return [url];
  return ENDPOINTS.map((endpoint) => Object.assign(new URL(url), { pathname: url.pathname.replace(/\/*$/, endpoint) }));
}

function urlOf(text) {
  try {
    return new URL(text);
  } catch (invalid) {
    return undefined;
  }
}

/** The statistics at the first of these addresses that is not a 404. */
async function read([url, ...others]) {
  try {
    const text = await getText(url);
    return { text, stats: statsIn(text, url) };
  } catch (error) {
    if (!error.isNoSuchPath || others.length === 0) throw error;
    const { text, stats } = await read(others).catch((later) => {
      throw later.isNoSuchPath ? error : later;
    });
    return { text, stats };
  }
}

/** The body of a 200 as text; throws for other answers. */
function getText(url) {
  const shown = `${url.origin}${url.pathname}`; // without credentials
  return new Promise((resolve, reject) => {
    const fail = (what, members) => {
      clearTimeout(timer);
      request.destroy();
      reject(Object.assign(new Ending(`${shown} ${what}`, EXIT.FAILED), members));
    };
    const { get } = url.protocol === 'https:' ? https : http;
    const request = get(url, { agent: false, headers: { accept: 'application/json' } }, (response) => {
      const { statusCode } = response;
      if (statusCode !== 200) return fail(`answered ${statusCode}`, { isNoSuchPath: statusCode === 404 });
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => {
        text += part;
        if (text.length > MAX_BYTES) fail('answered with more than a megabyte');
      });
      response.on('error', () => fail('closed the connection early'));
      return response.on('end', () => {
        clearTimeout(timer);
        resolve(text);
      });
    });
    const timer = setTimeout(() => fail(`did not answer within ${TIMEOUT_MS / 1000} s`), TIMEOUT_MS);
    request.on('error', (error) => fail(`could not be reached: ${error.message || error.code}`));
  });
}

/** The indexer's `cacheStats()`. */
function statsIn(text, url) {
  let stats;
  try {
    stats = JSON.parse(text);
  } catch (notJson) {
    stats = undefined;
  }
  const isStats = isObject(stats) && ['hits', 'total', 'size'].every((name) => typeof stats[name] === 'number');
  if (!isStats) throw new Ending(`${url.origin}${url.pathname} answered with something other than statistics of gun-native`, EXIT.FAILED);
  return stats;
}

function isObject(value) {
  return typeof value === 'object' && value !== null;
}

/** Every figure by its path, as `cacheStats()` names it: `requests.sent`. */
function figuresIn(stats, prefix = '') {
  return [].concat(
    ...Object.keys(stats).map((name) => {
      const value = stats[name];
      return isObject(value) && !Array.isArray(value) ? figuresIn(value, `${prefix}${name}.`) : [[`${prefix}${name}`, value]];
    }),
  );
}

/** The figures in groups, one per line, with rates since `before` if given. */
function linesOf(stats, before, seconds) {
  const left = new Map(figuresIn(stats));
  const earlier = new Map(before ? figuresIn(before) : []);
  const lines = [];
  for (const group of Object.keys(GROUPS)) {
    const rows = [].concat(...GROUPS[group].map((figure) => rowsOf(figure, left, earlier, seconds)));
    if (rows.length > 0) lines.push(...(lines.length > 0 ? [''] : []), paint(process.stdout, 'bold', group), ...rows);
  }
  return lines;
}

/** The lines of the figures at `path`, which are removed from `left`. */
function rowsOf([path, label, unit = String, kind], left, earlier, seconds) {
  const paths = path instanceof RegExp ? Array.from(left.keys()).filter((name) => path.test(name)) : [path];
  return paths.filter((name) => left.has(name)).map((name) => {
    const value = left.get(name);
    left.delete(name);
    const shown = label || printable(JSON.stringify(path instanceof RegExp && path.source.startsWith('^(') ? name : name.split('.').pop())).slice(1, -1);
    const figure = typeof value === 'number' ? unit(value) : text(value);
    const rate = kind === 'counter' && earlier.has(name) ? `  ${((value - earlier.get(name)) / seconds).toFixed(1).padStart(9)}/s` : '';
    return `  ${shown.padEnd(17)} ${emphasised(name, value, figure.padStart(14))}${rate}`;
  });
}

function text(value) {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (value === null) return 'none';
  return printable(JSON.stringify(value)).replace(/^"([^\\]*)"$/, '$1');
}

function emphasised(name, value, figure) {
  if (name !== 'breaker.state') return figure;
  return paint(process.stdout, value === 'open' ? 'red' : 'green', figure);
}

/** A live screen until Ctrl-C. If the indexer cannot be reached, it shows the error and tries again. */
async function watch(urls) {
  const stream = process.stdout;
  let isOver = false;
  let wake;
  const stop = () => {
    isOver = true;
    if (wake) wake();
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop);
  stream.write('\x1b[?1049h\x1b[?25l'); // the alternate screen, without a cursor
  try {
    let before;
    while (!isOver) {
      const shown = await frame(urls, before);
      if (isOver) break;
      before = shown.sample || before;
      draw(stream, shown.lines);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, WATCH_EVERY_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  } finally {
    stream.write('\x1b[?25h\x1b[?1049l');
    for (const signal of ['SIGINT', 'SIGTERM']) process.removeListener(signal, stop);
  }
  return EXIT.FINE;
}

async function frame(urls, before) {
  const head = `${urls[0].host}  ${new Date().toTimeString().slice(0, 8)}  Ctrl-C ends`;
  try {
    const { stats } = await read(urls);
    const sample = { stats, at: Date.now() };
    const lines = before ? linesOf(stats, before.stats, (sample.at - before.at) / 1000) : linesOf(stats);
    return { sample, lines: [head, '', ...lines] };
  } catch (error) {
    if (!(error instanceof Ending)) throw error;
    return { lines: [head, '', paint(process.stdout, 'red', error.message)] };
  }
}

/** Overwrites the screen instead of clearing it, which would flicker. Lines that do not fit are cut off. */
function draw(stream, lines) {
  const rows = stream.rows > 0 ? stream.rows : lines.length;
  stream.write(`\x1b[H${lines.slice(0, rows).map((line) => `${line}\x1b[K`).join('\r\n')}\x1b[J`);
}

module.exports = { run };
