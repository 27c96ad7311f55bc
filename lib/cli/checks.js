'use strict';

const { performance } = require('perf_hooks');
const { pass } = require('./passes');
const { openClient } = require('./relay');
const { callAt, closed, endpointNotFound } = require('./stand-in');

/** The guide's line, byte for byte; what must agree in it is captured. */
const STATS_LINE = /^📊 \[GUN 404 Cache\] (\d+)\/(\d+) hits \((\d+\.\d)% cache hit rate, \d+ cached souls\)$/;
/** Calls between two of them. */
const STATS_EVERY = 100;
/** External memory beyond this share of the heap is what indexers warn of. */
const MAX_EXTERNAL_PERCENT = 150;
const DEFAULT_CAPACITY = 10000;

/**
 * Runs the checks. Where the relay does not answer, only the first can be told.
 *
 * @param {object} relay as `relayOf` gives it
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

/** Says which line of a file is no soul, before anything is asked. */
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

async function answers(client, soul) {
  const begun = performance.now();
  let failure;
  const record = await client.getRecord(soul).catch((error) => {
    failure = error;
  });
  const ms = Math.round(performance.now() - begun);
  const measurement = failure ? failure.message : `${record === null ? 'missing' : 'found'}, after ${ms} ms`;
  return { check: judged('the relay answers', 'missing, for a soul made up', measurement, record === null), failure };
}

/** Each failed call would be a line `Error in getRecord after 2 retries` in the log of an indexer. */
function noneFails(done) {
  const calls = sum(done.map((one) => one.calls));
  const failures = [].concat(...done.map((one) => one.failures));
  const first = failures.length > 0 ? `: ${failures[0].message}` : '';
  return judged('no call fails', `0 of ${calls} calls`, `${failures.length} of ${calls} calls${first}`, failures.length === 0);
}

function oneRequestEach({ missing, counts }) {
  const said = (requests, retried) => `${counted(requests, 'request')}, ${retried} tried again`;
  const passed = counts.missing === missing.size && counts.retried === 0;
  return judged('a missing soul costs one request', said(missing.size, 0), said(counts.missing, counts.retried), passed);
}

function callersShare({ missing, counts }, callers) {
  const least = missing.size * (callers - 1);
  const shared = counts.coalesced + counts.hits;
  const who = callers === 1 ? 'one caller shares with nobody' : `${callers} callers share each`;
  return judged(who, `${least} calls or more without a request`, counted(shared, 'call'), shared >= least);
}

function knownAreNotAsked([first, ...later], callers) {
  const expected = first.missing.size * callers * later.length;
  const hits = sum(later.map(({ counts }) => counts.hits));
  const requests = sum(later.map(({ counts }) => counts.missing));
  const said = (requestCount, hitCount) => `${counted(requestCount, 'request')}, ${counted(hitCount, 'hit')}`;
  return judged('known to be missing, asked again', said(0, expected), said(requests, hits), requests === 0 && hits === expected);
}

/** After a put, an indexer invalidates: nothing is put here, but the soul must be asked for. */
async function invalidatedIsAsked(client, soul) {
  const before = client.cacheStats().requests.sent;
  const wasKnown = client.invalidate(soul);
  await client.getRecord(soul).catch(() => {}); // a failure was a request too
  const requests = client.cacheStats().requests.sent - before;
  const measurement = wasKnown ? counted(requests, 'request') : 'it was not known to be missing';
  return judged('invalidated, it is asked for again', counted(1, 'request'), measurement, wasKnown && requests === 1);
}

function linesAreThere(lines, { total }) {
  const expected = Math.floor(total / STATS_EVERY);
  const exact = lines.filter(isStatsLine);
  const last = exact.length > 0 ? `, the last: ${exact[exact.length - 1].split('] ')[1]}` : '';
  const measurement = `${counted(exact.length, 'line')}${last}`;
  return judged('the stats line is in the log', `${counted(expected, 'line')}, at every ${STATS_EVERY}th call`, measurement, exact.length === expected);
}

function isStatsLine(line) {
  const [matched, hits, calls, percent] = STATS_LINE.exec(line) || [];
  return matched !== undefined && Math.abs((100 * hits) / calls - percent) <= 0.0501;
}

function externalIsSmall({ external, heapUsed }) {
  const percent = (100 * external) / heapUsed;
  const measurement = `${percent.toFixed(0)}%`;
  return judged('external memory', `below ${MAX_EXTERNAL_PERCENT}% of the heap`, measurement, percent < MAX_EXTERNAL_PERCENT);
}

async function isAnError(check, answer, { code, attempts }) {
  const outcome = await callAt(answer);
  const said = (error) => `${error.code} after ${counted(error.attempts, 'attempt')}`;
  const measurement = outcome instanceof Error ? said(outcome) : JSON.stringify(outcome);
  return judged(check, said({ code, attempts }), measurement, measurement === said({ code, attempts }));
}

function judged(check, expectation, measurement, passed) {
  return { check, expectation, measurement, passed };
}

function counted(number, what) {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

module.exports = { counted, isStatsLine, runChecks };
