'use strict';

// npm run soak:short: does memory stay flat through 100,000 missing and 20,000 failing calls?

const { GunClient } = require('..');
const { startRelay } = require('./soak/relay');
const { gain } = require('./statistics');

const MISSING = 100_000;
const FAILING = 20_000;
const SAMPLES = 20;
const AT_ONCE = 200;
/**
 * Allowed gain of a fitted line over the second half of the run: 54,000 calls from the first sample to the last, 9,000 of
 * them failing. External memory has JavaScript's buffers: its limit detects 20 bytes kept per call, or 120 per failing call.
 * Rust's memory shows only in rss, which is noisier: its limit detects 160 and 940 bytes.
 */
const MAX_GAIN_BYTES = { external: 1024 * 1024, rss: 8 * 1024 * 1024 };

async function main() {
  const relay = await startRelay();
  const retrying = { retries: 1, backoff: { baseMs: 2, maxMs: 4 }, retryBudget: false, breaker: false };
  const client = new GunClient({ relayUrl: relay.url, logger: false, maxInFlight: AT_ONCE, ...retrying });
  console.log(`${MISSING} missing and ${FAILING} failing calls, ${AT_ONCE} at a time, in ${SAMPLES} parts\n`);
  console.log(['calls', 'external', 'buffers', 'heap', 'rss'].map((title) => title.padStart(9)).join(''));
  const samples = [];
  for (let part = 0; part < SAMPLES; part += 1) {
    await call(client, soulsOf(part));
    samples.push(sample((part + 1) * ((MISSING + FAILING) / SAMPLES)));
  }
  const { size, evictions, requests } = client.cacheStats();
  await client.close();
  await relay.stop();
  report(samples, { size, evictions, requests });
}

/** The souls of one part: all distinct, failing ones among the missing. */
function soulsOf(part) {
  const souls = [];
  for (let n = 0; n < MISSING / SAMPLES; n += 1) souls.push(`missing:${part}:${n}`);
  for (let n = 0; n < FAILING / SAMPLES; n += 1) souls.splice(n * 6, 0, `${n % 2 ? 'status' : 'reset'}:${part}:${n}`);
  return souls;
}

async function call(client, souls) {
  const outcomes = { missing: 0, failed: 0 };
  const caller = async () => {
    while (souls.length > 0) {
      const soul = souls.pop();
      const outcome = await client.getRecord(soul).then(() => 'missing', () => 'failed');
      outcomes[outcome] += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
  if (outcomes.missing !== MISSING / SAMPLES || outcomes.failed !== FAILING / SAMPLES) {
    throw new Error(`wrong outcomes: ${JSON.stringify(outcomes)}`);
  }
}

function sample(calls) {
  global.gc();
  const { external, arrayBuffers, heapUsed, rss } = process.memoryUsage();
  const bar = '#'.repeat(Math.round(external / 262144));
  const cells = [external, arrayBuffers, heapUsed, rss].map((bytes) => `${(bytes / 1048576).toFixed(2)} M`.padStart(9));
  console.log(`${String(calls).padStart(9)}${cells.join('')}  ${bar}`);
  return { calls, external, rss };
}

function report(samples, { size, evictions, requests }) {
  console.log(`\n${requests.sent} requests, ${size} cached souls, ${evictions} evicted`);
  for (const [memory, most] of Object.entries(MAX_GAIN_BYTES)) {
    const gained = gain(samples.slice(SAMPLES / 2), memory);
    const passed = gained <= most;
    console.log(
      `${passed ? 'PASS' : 'FAIL'}: over the second half the fitted line of ${memory} gains ` +
        `${(gained / 1024).toFixed(0)} KB (at most ${most / 1024} KB)`,
    );
    if (!passed) process.exitCode = 1;
  }
}

if (typeof global.gc !== 'function') throw new Error('run it by: npm run soak:short');
main();
