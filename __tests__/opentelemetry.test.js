'use strict';

const { SpanKind, SpanStatusCode } = require('@opentelemetry/api');
const { record, status } = require('./helpers/answers');
const { runFile } = require('./helpers/child');
const { failureOf, rejectionOf, setup } = require('./helpers/setup');
const { startTracing, traceRequests } = require('../examples/opentelemetry');

let tracing;
let stopTracing;
beforeEach(() => {
  tracing = startTracing();
  stopTracing = traceRequests(tracing.tracer);
});
afterEach(async () => {
  stopTracing();
  await tracing.stop();
});

const spans = () => tracing.exporter.getFinishedSpans();

/** Runs an action within a span of this name, whose id is returned. */
function within(name, action) {
  return tracing.tracer.startActiveSpan(name, async (span) => {
    await action();
    span.end();
    return span.spanContext().spanId;
  });
}

test('a request is a client span by the conventions for HTTP', async () => {
  const { relay, client } = await setup({ 'a b': record({}) });
  await client.getRecord('a b');
  expect(spans()).toHaveLength(1);
  const [span] = spans();
  expect(span).toMatchObject({ name: 'GET', kind: SpanKind.CLIENT, status: { code: SpanStatusCode.UNSET } });
  expect(span.attributes).toEqual({
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'url.full': `${relay.url}/get?soul=a%20b`,
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(relay.url).port),
    'gun.soul': 'a b',
    'gun.outcome': 'found',
    'gun.coalesced': false,
  });
});

test('spans have the span of their caller for a parent, also where callers share a request', async () => {
  const { client } = await setup({ a: [status(503), record({})] });
  const [one, two] = await Promise.all([
    within('one', () => client.getRecord('a')),
    within('two', () => client.getRecords(['a', 'gone'])),
  ]);
  const parents = spans().filter(({ name }) => name === 'GET').map(({ attributes, parentSpanContext }) =>
    [attributes['gun.soul'], parentSpanContext.spanId]);
  expect(parents.sort()).toEqual([['a', one], ['a', two], ['gone', two]].sort());
});

test('retries are events of the span, and counted', async () => {
  const { client } = await setup({ a: [status(503), status(500), record({})] });
  await client.getRecord('a');
  const [span] = spans();
  expect(span.events.map(({ name, attributes }) => [name, attributes['error.type']])).toEqual([
    ['retry', '503'],
    ['retry', '500'],
  ]);
  expect(span.attributes).toMatchObject({ 'http.request.resend_count': 2, 'http.response.status_code': 200 });
});

test('a failure is an error, a missing soul is none', async () => {
  const { client } = await setup({ bad: status(400) });
  await failureOf(client.getRecord('bad'));
  await client.getRecord('gone');
  const [bad, gone] = spans();
  expect(bad.status).toEqual({ code: SpanStatusCode.ERROR, message: expect.stringContaining('answered 400') });
  expect(bad.attributes).toMatchObject({ 'error.type': '400', 'http.response.status_code': 400 });
  expect(gone.status.code).toBe(SpanStatusCode.UNSET);
  expect(gone.attributes).toMatchObject({ 'gun.outcome': 'missing', 'http.response.status_code': 404 });
});

test('an aborted call ends its span too', async () => {
  const { relay, client } = await setup();
  const gate = relay.hold();
  const controller = new AbortController();
  const call = client.getRecord('a', { signal: controller.signal });
  await gate.reached();
  controller.abort();
  await rejectionOf(call);
  expect(spans()[0].status.code).toBe(SpanStatusCode.ERROR);
  expect(spans()).toHaveLength(1);
});

test('a cached missing answer makes no request and no span', async () => {
  const { client } = await setup();
  await client.getRecord('a');
  await client.getRecord('a');
  expect(spans()).toHaveLength(1);
});

test('the example by itself shows a request for each soul below the span of its caller', async () => {
  const { code, stdout, stderr } = await runFile('examples/opentelemetry.js');
  expect([code, stderr]).toEqual([0, '']);
  const lines = stdout.trim().split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(/^CLIENT {3}GET workout: found, \d+ ms, child of [0-9a-f]{16}$/);
  expect(lines[2]).toMatch(/^CLIENT {3}GET squat: found, \d+ ms, child of [0-9a-f]{16}$/);
  expect(lines[3]).toMatch(/^INTERNAL GET \/api\/records, \d+ ms, root$/);
}, 20_000);
