'use strict';

const { show } = require('../arguments');
const { invalidArgument } = require('../error');

/**
 * Creates a handler for Express and plain `http` `(request, response)`, Fastify `(request, reply)`, Koa `(ctx)` and Hono
 * `(c)`. It answers GET and HEAD with what `contents` returns.
 *
 * If `contents` fails, the answer is a 500 with the reason. The returned promise never rejects: plain `http` would not handle
 * it, and Node would end the process.
 *
 * @param {() => Promise<{type: string, body: string, status?: number, headers?: object}> | object} contents
 */
function handlerOf(contents) {
  return (first, second) => {
    const { method, send } = exchangeOf(first, second);
    return answerTo(method, contents).then(send);
  };
}

async function answerTo(method, contents) {
  if (method !== 'GET' && method !== 'HEAD') {
    return answer(405, { type: TEXT, body: 'only GET and HEAD are answered here\n', headers: { allow: 'GET, HEAD' } });
  }
  try {
    const content = await contents();
    return answer(content.status || 200, content);
  } catch (error) {
    return answer(500, { type: TEXT, body: `${error instanceof Error ? error.message : show(error)}\n` });
  }
}

const TEXT = 'text/plain; charset=utf-8';

function answer(status, { type, body, headers }) {
  const always = {
    'content-type': type,
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  };
  return { status, headers: Object.assign(always, headers), body };
}

/** The request's method, and a function that answers in this framework. */
function exchangeOf(first, second) {
  if (isHono(first)) return { method: first.req.method, send: toHono };
  if (isKoa(first)) return { method: first.method, send: (made) => toKoa(first, made) };
  if (isFastify(second)) return { method: first.method, send: (made) => toFastify(second, made) };
  if (isHttp(second)) return { method: first.method, send: (made) => toHttp(second, made) };
  const got = second === undefined ? first : second;
  throw invalidArgument(
    `the handler needs the response of http, Express, Fastify, Koa or Hono, got ${show(got)}; mount(app) adds it to all of these`,
  );
}

const isObject = (value) => typeof value === 'object' && value !== null;
const has = (value, ...names) => isObject(value) && names.every((name) => typeof value[name] === 'function');

const isHono = (c) => has(c, 'body', 'newResponse') && isObject(c.req) && isObject(c.req.raw);
const isKoa = (ctx) => has(ctx, 'set') && isObject(ctx.app) && isObject(ctx.req) && isHttp(ctx.res);
const isFastify = (reply) => has(reply, 'code', 'headers', 'send') && isObject(reply.raw);
const isHttp = (response) => has(response, 'setHeader', 'end');

function toHono({ status, headers, body }) {
  return new Response(body, { status, headers });
}

function toKoa(ctx, { status, headers, body }) {
  if (ctx.headerSent) return;
  ctx.status = status;
  ctx.body = body; // before the headers, because it sets a type of its own
  ctx.set(headers);
}

function toFastify(reply, { status, headers, body }) {
  if (!reply.sent) reply.code(status).headers(headers).send(body);
  return reply;
}

function toHttp(response, { status, headers, body }) {
  // Something else may have answered already, for example a middleware with a timeout.
  if (response.headersSent || response.destroyed) return;
  try {
    response.statusCode = status;
    for (const name of Object.keys(headers)) response.setHeader(name, headers[name]);
    response.end(body);
  } catch (error) {
    // A response that refuses its headers can only be closed.
    if (typeof response.destroy === 'function') response.destroy();
  }
}

module.exports = { handlerOf };
