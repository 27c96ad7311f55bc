'use strict';

const { channel } = require('diagnostics_channel');
const { record, status } = require('./helpers/answers');
const { recordingLogger } = require('./helpers/logger');
const { failureOf, setup, sleep } = require('./helpers/setup');

test('an outage is one warn line when the circuit opens and one when it closes, and an event for each', async () => {
  const logger = recordingLogger();
  const events = [];
  const listener = (event) => events.push(event);
  channel('gun-native:breaker').subscribe(listener);
  try {
    let answer = status(503);
    const options = { retries: 0, logger, breaker: { failures: 3, afterMs: 0, probeEveryMs: 20 } };
    const { relay, client } = await setup(() => (response) => answer(response), options);
    for (const soul of ['a', 'b', 'c']) await failureOf(client.getRecord(soul));
    expect(client.cacheStats().breaker).toEqual({ state: 'open', sinceMs: expect.any(Number), lastError: 'it answered 503' });
    answer = record({});
    await sleep(25);
    expect(await client.getRecord('d')).toEqual({});
    expect(client.cacheStats().breaker).toEqual({ state: 'closed', sinceMs: expect.any(Number), lastError: null });
    while (events.length < 2) await sleep(1);
    expect(logger.lines).toEqual([
      ['warn', expect.stringMatching(/^⚠️ {2}\[GUN relay\] http:\/\/127\.0\.0\.1:\d+ is down: every request has failed for \d+ ms \(it answered 503\)\. /)],
      ['warn', expect.stringMatching(/^✅ \[GUN relay\] http:\/\/127\.0\.0\.1:\d+ is back after \d+ ms; 3 calls failed$/)],
    ]);
    expect(events).toEqual([
      { relay: relay.url, state: 'open', durationMs: expect.any(Number), failedCalls: expect.any(Number), lastError: 'it answered 503' },
      { relay: relay.url, state: 'closed', durationMs: expect.any(Number), failedCalls: 3, lastError: null },
    ]);
  } finally {
    channel('gun-native:breaker').unsubscribe(listener);
  }
});
