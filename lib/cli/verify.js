'use strict';

const { randomBytes } = require('crypto');
const http = require('http');
const { performance } = require('perf_hooks');
const { openClient, relayOf, shown, soulsIn } = require('./get');
const { EXIT, wholeNumber } = require('./main');
const { counted, paint, printable, progress, wrapped } = require('./terminal');

/** The stats line, byte for byte, with its figures captured. */
const STATS_LINE = /^📊 \[GUN 404 Cache\] (\d+)\/(\d+) hits \((\d+\.\d)% cache hit rate, \d+ cached souls\)$/;
/** Calls between two stats lines. */
const STATS_EVERY = 100;
/** Indexers warn if external memory exceeds this share of the heap. */
const MAX_EXTERNAL_PERCENT = 150;
const DEFAULT_CAPACITY = 10000;
/** Souls of one API call of an indexer. Requested together, they take a relay over `gun` 3 s once. */
const MADE_UP = 56;
/** Souls requested together: fewer than `maxInFlight`, so that none waits for a permit. */
const GROUP = 64;

/** Checks a relay and prints the report. */
async function run(operands, values) {
  const started = performance.now();
  const relay = relayOf(values.relay);
  const passes = wholeNumber(values, 'passes', { least: 2, most: 100, otherwise: 2 });
  const callers = wholeNumber(values, 'callers', { least: 1, most: 1000, otherwise: 10 });
  const souls = values.souls === undefined ? [] : await soulsIn(values.souls, 'option --souls');
  const madeUp = madeUpSouls();
  const { show, clear } = progress();
  const { checks, failure } = await runChecks(relay, { madeUp, souls, passes, callers }, show).finally(clear);
  const report = { relay: shown(relay), souls: madeUp.length + souls.length, passes, callers };
  Object.assign(report, { passed: checks.every(({ passed }) => passed), seconds: (performance.now() - started) / 1000, checks });
  process.stdout.write(values.json ? `${printable(JSON.stringify(report, null, 2))}\n` : textOf(report));
  if (checks.length === 1) process.stderr.write('The other checks need a relay that reports missing records.\n');
  if (failure) return EXIT.FAILED;
  return report.passed ? EXIT.FINE : EXIT.CHECK_FAILED;
}

function textOf({ relay, souls, passes, callers, seconds, passed, checks }) {
  const lines = checks.map(({ check, expectation, measurement, passed: isFine }) => {
    const mark = isFine ? paint(process.stdout, 'green', '✓') : paint(process.stdout, 'red', '✗');
    const details = isFine ? [measurement] : [`expected: ${expectation}`, `measured: ${measurement}`];
    return [`${mark} ${check}`, ...details.map((detail) => wrapped(detail, '    '))].join('\n');
  });
  const summary = `${checks.filter(({ passed: isFine }) => isFine).length} of ${checks.length} passed in ${seconds.toFixed(1)} s`;
  const head = `${relay}\n${counted(souls, 'soul')}, ${passes} passes, ${counted(callers, 'caller')}`;
  return `${head}\n\n${lines.join('\n')}\n\n${paint(process.stdout, passed ? 'green' : 'red', summary)}\n`;
}

/** Souls that no relay has, made of 128 random bits. */
function madeUpSouls() {
  const prefix = `gun-native-verify:${randomBytes(16).toString('hex')}`;
  return Array.from({ length: MADE_UP }, (_, number) => `${prefix}:${number}`);
}

/**
 * Runs the checks. If the relay does not answer, only the first one.
 *
 * @param {object} relay from `relayOf`
 * @param {{madeUp: string[], souls: string[], passes: number, callers: number}} plan
 * @param {(text: string) => void} onProgress
 * @returns {Promise<{checks: Array<{check, expectation, measurement, passed}>, failure: Error | undefined}>}
 */
async function runChecks(relay, { madeUp, souls, passes, callers }, onProgress) {
  const lines = [];
  const keep = (line) => lines.push(line);
  const logger = { log: keep, warn: keep, error: keep };
  const all = [...madeUp, ...souls];
  const client = openClient(relay, { logger, cache: { capacity: Math.max(DEFAULT_CAPACITY, 2 * all.length) } });
  try {
    refuseOthers(client, souls);
    onProgress('is there a relay?');
    const { check, failure } = await answers(client, `${madeUp[0]}:probe`);
    if (!check.passed) return { checks: [check], failure };
    const done = [];
    for (let number = 1; number <= passes; number += 1) {
      const onAsked = (asked) => onProgress(`pass ${number} of ${passes}: ${asked} of ${all.length} souls`);
      done.push(await pass(client, all, callers, onAsked));
    }
    onProgress('failures');
    const checks = [
      check,
      noneFails(done),
      oneRequestEach(done[0]),
      callersShare(done[0], callers),
      knownAreNotAsked(done, callers),
      await invalidatedIsAsked(client, madeUp[0]),
      linesAreThere(lines, client.cacheStats()),
      externalIsSmall(process.memoryUsage()),
      await isAnError('a wrong path is an error, not null', endpointNotFound, { code: 'ERR_GUN_STATUS', attempts: 1 }),
      await isAnError('a relay that fails is an error, not null', closed, { code: 'ERR_GUN_CONNECT', attempts: 3 }),
    ];
    return { checks, failure: undefined };
  } finally {
    await client.close();
  }
}

/** Finds a line of a file that is not a soul, before anything is requested. */
function refuseOthers(client, souls) {
  for (const soul of souls) {
    try {
      client.invalidate(soul);
    } catch (error) {
      error.message = `option --souls: ${error.message}`;
      throw error;
    }
  }
}

/**
 * Requests every soul once per caller, all callers at the same time.
 *
 * @returns what the calls resolved with, and by how much the counters of the client rose
 */
async function pass(client, souls, callers, onAsked) {
  const before = countsOf(client);
  const missing = new Set();
  const failures = [];
  const call = (soul) =>
    client.getRecord(soul).then(
      (record) => record === null && missing.add(soul),
      (error) => failures.push(error),
    );
  for (let at = 0; at < souls.length; at += GROUP) {
    onAsked(at);
    const calls = [];
    // Soul by soul, not caller by caller: the callers of a soul call at the same moment.
    for (const soul of souls.slice(at, at + GROUP)) {
      for (let caller = 0; caller < callers; caller += 1) calls.push(call(soul));
    }
    await Promise.all(calls);
  }
  const after = countsOf(client);
  const counts = {};
  for (const name of Object.keys(after)) counts[name] = after[name] - before[name];
  return { calls: souls.length * callers, missing, failures, counts };
}

function countsOf(client) {
  const { hits, requests } = client.cacheStats();
  const { sent, coalesced, retried, missing } = requests;
  return { hits, sent, coalesced, retried, missing };
}

async function answers(client, soul) {
  const started = performance.now();
  let failure;
  const record = await client.getRecord(soul).catch((error) => {
    failure = error;
  });
  const ms = Math.round(performance.now() - started);
  const measurement = failure ? failure.message : `${record === null ? 'missing' : 'found'}, after ${ms} ms`;
  return { check: judged('the relay answers', 'missing, for a made-up soul', measurement, record === null), failure };
}

/** In an indexer's log, each failed call is a line `Error in getRecord after 2 retries`. */
function noneFails(done) {
  const calls = sum(done.map((one) => one.calls));
  const failures = [].concat(...done.map((one) => one.failures));
  const first = failures.length > 0 ? `: ${failures[0].message}` : '';
  return judged('no call fails', `0 of ${calls} calls`, `${failures.length} of ${calls} calls${first}`, failures.length === 0);
}

function oneRequestEach({ missing, counts }) {
  const said = (requests, retried) => `${counted(requests, 'request')}, ${retried} retried`;
  const passed = counts.missing === missing.size && counts.retried === 0;
  return judged('a missing soul costs one request', said(missing.size, 0), said(counts.missing, counts.retried), passed);
}

function callersShare({ missing, counts }, callers) {
  const least = missing.size * (callers - 1);
  const shared = counts.coalesced + counts.hits;
  const check = callers === 1 ? 'a single caller shares no request' : `${callers} callers share each request`;
  return judged(check, `at least ${least} calls without a request`, `${counted(shared, 'call')} without a request`, shared >= least);
}

function knownAreNotAsked([first, ...later], callers) {
  const expected = first.missing.size * callers * later.length;
  const hits = sum(later.map(({ counts }) => counts.hits));
  const requests = sum(later.map(({ counts }) => counts.missing));
  const said = (requestCount, hitCount) => `${counted(requestCount, 'request')}, ${counted(hitCount, 'cache hit')}`;
  return judged('missing souls are cached', said(0, expected), said(requests, hits), requests === 0 && hits === expected);
}

/** After a put, an indexer invalidates: nothing is put here, but the soul must be requested again. */
async function invalidatedIsAsked(client, soul) {
  const before = client.cacheStats().requests.sent;
  const wasKnown = client.invalidate(soul);
  await client.getRecord(soul).catch(() => {}); // a failure was a request too
  const requests = client.cacheStats().requests.sent - before;
  const measurement = wasKnown ? counted(requests, 'request') : 'it was not cached';
  return judged('an invalidated soul is requested again', counted(1, 'request'), measurement, wasKnown && requests === 1);
}

function linesAreThere(lines, { total }) {
  const expected = Math.floor(total / STATS_EVERY);
  const exact = lines.filter(isStatsLine);
  const last = exact.length > 0 ? `, the last: ${exact[exact.length - 1].split('] ')[1].split(' (')[0]}` : '';
  const measurement = `${counted(exact.length, 'line')}${last}`;
  const expectation = `${counted(expected, 'line')}, one per ${STATS_EVERY} calls`;
  return judged('the stats line is logged', expectation, measurement, exact.length === expected);
}

function isStatsLine(line) {
  const [matched, hits, calls, percent] = STATS_LINE.exec(line) || [];
  return matched !== undefined && Math.abs((100 * hits) / calls - percent) <= 0.0501;
}

function externalIsSmall({ external, heapUsed }) {
  const percent = (100 * external) / heapUsed;
  const measurement = `${percent.toFixed(0)}% of the heap`;
  return judged('external memory is small', `below ${MAX_EXTERNAL_PERCENT}% of the heap`, measurement, percent < MAX_EXTERNAL_PERCENT);
}

/** A healthy relay produces no failures, so a server on loopback answers. */
async function isAnError(check, answer, { code, attempts }) {
  const outcome = await callAt(answer);
  const said = (error) => `${error.code} after ${counted(error.attempts, 'attempt')}`;
  const measurement = outcome instanceof Error ? said(outcome) : JSON.stringify(outcome);
  return judged(check, said({ code, attempts }), measurement, measurement === said({ code, attempts }));
}

async function callAt(answer) {
  const server = http.createServer((request, response) => answer(response));
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const client = openClient({ relayUrl: `http://127.0.0.1:${server.address().port}` }, { backoff: { baseMs: 1, maxMs: 2 } });
  const outcome = await client.getRecord('gun-native-verify:failure').catch((error) => error);
  await client.close();
  await new Promise((resolve) => server.close(resolve));
  return outcome;
}

/** What a relay answers for a path that it does not know. */
function endpointNotFound(response) {
  response.writeHead(404, { 'content-type': 'application/json', connection: 'close' }).end('{"error":"Endpoint not found"}');
}

function closed(response) {
  response.socket.destroy();
}

function judged(check, expectation, measurement, passed) {
  return { check, expectation, measurement, passed };
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

module.exports = { isStatsLine, run };
