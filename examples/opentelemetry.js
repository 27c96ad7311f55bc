'use strict';

// node examples/opentelemetry.js: requests as OpenTelemetry spans, from the package's diagnostics channels. Copy `traceRequests`
// into your application; the rest is a demonstration.

const diagnostics = require('diagnostics_channel');
const { SpanKind, SpanStatusCode, context, trace } = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_RESEND_COUNT,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
} = require('@opentelemetry/semantic-conventions');

/**
 * Creates a client span, following the conventions for HTTP, for every request from now on. Its parent is the span in whose
 * context the call was made. Returns a function that stops this.
 */
function traceRequests(tracer) {
  const spans = new WeakMap();
  // A request that began earlier has no span; its later events are ignored.
  const toSpan = (action) => (message) => {
    if (spans.has(message)) action(spans.get(message), message);
  };
  const listeners = {
    start(message) {
      spans.set(message, tracer.startSpan('GET', { kind: SpanKind.CLIENT, attributes: addressOf(message) }));
    },
    retry: toSpan((span, { retry: { error, delayMs } }) => {
      span.addEvent('retry', { [ATTR_ERROR_TYPE]: typeOf(error), 'gun.retry.delay_ms': delayMs });
    }),
    end: toSpan((span, message) => {
      span.setAttribute('gun.outcome', message.outcome);
      finish(span, message);
    }),
    error: toSpan((span, message) => {
      const { error } = message;
      span.setAttribute(ATTR_ERROR_TYPE, typeOf(error));
      span.setStatus({ code: SpanStatusCode.ERROR, message: String(error?.message ?? error) });
      finish(span, message);
    }),
  };

  const channels = Object.entries(listeners).map(([event, listener]) => [`gun-native:request:${event}`, listener]);
  for (const [channel, listener] of channels) diagnostics.subscribe(channel, listener);
  return () => {
    for (const [channel, listener] of channels) diagnostics.unsubscribe(channel, listener);
  };
}

function finish(span, { attempts, coalesced, status }) {
  if (status !== undefined) span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status);
  if (attempts > 1) span.setAttribute(ATTR_HTTP_REQUEST_RESEND_COUNT, attempts - 1);
  if (coalesced !== undefined) span.setAttribute('gun.coalesced', coalesced);
  span.end();
}

function addressOf({ soul, relay }) {
  const { hostname, port, protocol } = new URL(relay);
  return {
    [ATTR_HTTP_REQUEST_METHOD]: 'GET',
    [ATTR_URL_FULL]: `${relay.replace(/\/$/, '')}/get?soul=${encodeURIComponent(soul)}`,
    [ATTR_SERVER_ADDRESS]: hostname,
    [ATTR_SERVER_PORT]: Number(port) || (protocol === 'https:' ? 443 : 80),
    'gun.soul': soul,
  };
}

/** The type of an error: its status if there is one, otherwise the code, or the name of an abort's reason. */
function typeOf(error) {
  return String(error?.status ?? error?.code ?? error?.name ?? 'aborted');
}

/** The SDK, with spans in memory. An application uses an exporter to its collector instead. */
function startTracing() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  // The context manager finds the parent of a span.
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  const stop = async () => {
    await provider.shutdown();
    trace.disable();
    context.disable();
  };
  return { exporter, stop, tracer: trace.getTracer('gun-native') };
}

async function main() {
  const { GunClient } = require('..');
  const { put, startGunRelay } = require('./relay');
  const relay = await startGunRelay();
  const client = new GunClient({ relayUrl: relay.url, logger: false });
  const { exporter, stop, tracer } = startTracing();
  const stopTracing = traceRequests(tracer);
  await Promise.all(['workout', 'squat'].map((soul) => put(relay.url, soul, { name: soul })));
  await tracer.startActiveSpan('GET /api/records', async (span) => {
    await client.getRecords(['workout', 'workout', 'squat']);
    span.end();
  });
  for (const { name, kind, parentSpanContext, attributes, duration: [s, ns] } of exporter.getFinishedSpans()) {
    const outcome = attributes['gun.soul'] ? ` ${attributes['gun.soul']}: ${attributes['gun.outcome']}` : '';
    const parent = parentSpanContext ? `child of ${parentSpanContext.spanId}` : 'root';
    console.log(`${SpanKind[kind].padEnd(8)} ${name}${outcome}, ${(s * 1e3 + ns / 1e6).toFixed(0)} ms, ${parent}`);
  }
  stopTracing();
  await stop();
  await client.close();
  await relay.close();
}

if (require.main === module) main();

module.exports = { startTracing, traceRequests };
