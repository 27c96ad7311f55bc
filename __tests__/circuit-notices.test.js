'use strict';

const { channel } = require('diagnostics_channel');
const { record, status } = require('./helpers/answers');
const { recordingLogger } = require('./helpers/logger');
const { failureOf, setup, until } = require('./helpers/setup');

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
    let failed = 3;
    let found;
    await until(async () => {
      const outcome = await client.getRecord('d').catch((error) => error);
      if (outcome.code === 'ERR_GUN_CIRCUIT_OPEN') failed += 1;
      else found = outcome;
      return found !== undefined;
    });
    expect(found).toEqual({});
    expect(client.cacheStats().breaker).toEqual({ state: 'closed', sinceMs: expect.any(Number), lastError: null });
    await until(() => events.length === 2);
    expect(logger.lines).toEqual([
      ['warn', expect.stringMatching(/^⚠️ {2}\[GUN relay\] http:\/\/127\.0\.0\.1:\d+ is down: every request has failed for \d+ ms \(it answered 503\)\. /)],
      ['warn', expect.stringMatching(new RegExp(`^✅ \\[GUN relay\\] ${relay.url} is back after \\d+ ms; ${failed} calls failed$`))],
    ]);
    expect(events).toEqual([
      { relay: relay.url, state: 'open', durationMs: expect.any(Number), failedCalls: expect.any(Number), lastError: 'it answered 503' },
      { relay: relay.url, state: 'closed', durationMs: expect.any(Number), failedCalls: failed, lastError: null },
    ]);
  } finally {
    channel('gun-native:breaker').unsubscribe(listener);
  }
});
