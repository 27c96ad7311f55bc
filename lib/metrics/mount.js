'use strict';

const { show } = require('../arguments');
const { defaultClient } = require('../client');
const { invalidArgument } = require('../error');
const { hasStats, jsonHandler, metricsHandler, statsHandler, statsOf } = require('./handlers');
const { historyOf } = require('./history');
const { pageHandler } = require('./page');
const { registerMetrics } = require('./register');
const { handlerOf } = require('./respond');

/** Paths that no router treats as a pattern. */
const PLAIN_PATH = /^(\/[\w.~-]+)+$/;

/**
 * Adds the live page, the JSON statistics and the Prometheus metrics to an application.
 *
 * @param {object} app of Express, Fastify, Koa or Hono, a router of one of these, or a server of `http` or `https`
 * @param {{path?: string, register?: object, client?: object}} [options]
 */
function mount(app, options) {
  const { path = '/gun', register, client } = options || {};
  const base = typeof path === 'string' ? path.replace(/\/+$/, '') : undefined;
  if (base !== '' && !PLAIN_PATH.test(base)) {
    throw invalidArgument(`option path must be a path like "/gun", without patterns, got ${show(path)}`);
  }
  if (client !== undefined && !hasStats(client)) {
    throw invalidArgument(`option client must be a GunClient, got ${show(client)}`);
  }
  const add = adderFor(app); // before the sampling of the history starts
  add({
    [base || '/']: pageHandler(),
    [`${base}/stats`]: statsHandler(client),
    [`${base}/history`]: jsonHandler(historyOf(() => statsOf(client || defaultClient()))),
    [`${base}/metrics`]: metricsOrReason(register, client),
  });
}

/** The metrics; without prom-client, or for an object with statistics only, a 501 with the reason. */
function metricsOrReason(register, client) {
  if (register !== undefined) {
    registerMetrics(register, client);
    return metricsHandler(register);
  }
  try {
    return metricsHandler(client);
  } catch ({ message }) {
    return handlerOf(() => ({ status: 501, type: 'text/plain; charset=utf-8', body: `${message}\n` }));
  }
}

/** A function that adds handlers by path to this kind of application. */
function adderFor(app) {
  const is = (name) => app !== null && app !== undefined && typeof app[name] === 'function';
  if (is('get') && (is('use') || is('route'))) return (handlers) => addRoutes(app, handlers);
  if (is('use')) return (handlers) => app.use(middlewareOf(handlers));
  if (is('emit') && is('listen') && is('address')) return (handlers) => addToServer(app, handlers);
  throw invalidArgument(`app must be an Express, Fastify, Koa or Hono app or an http.Server, got ${show(app)}`);
}

/** For routers with `get(path, handler)`; all of them use the same handler for HEAD. */
function addRoutes(app, handlers) {
  for (const path of Object.keys(handlers)) app.get(path, handlers[path]);
}

/** For applications with only `use`, such as Koa and Connect. */
function middlewareOf(handlers) {
  return function gunNative(first, second, third) {
    const isKoa = typeof second === 'function';
    const handle = handlers[isKoa ? pathOf(first.path) : pathOf(first.url)];
    if (handle !== undefined) return handle(first, second);
    return isKoa ? second() : third();
  };
}

/**
 * For a server without a router. Its own listeners, including later ones, must not get these requests, or they would answer a
 * second time; so `emit` is wrapped.
 */
function addToServer(server, handlers) {
  const { emit } = server;
  server.emit = function (event, request, response) {
    const handle = event === 'request' ? handlers[pathOf(request.url)] : undefined;
    if (handle === undefined) return emit.apply(this, arguments);
    handle(request, response);
    return true;
  };
}

/** The path of a request's URL without query and final slash. */
function pathOf(url) {
  const [path] = url.split('?', 1);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

module.exports = { mount };
