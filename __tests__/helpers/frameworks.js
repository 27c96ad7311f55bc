'use strict';

const { once } = require('events');
const http = require('http');
const { closedAfterTest } = require('./servers');

/**
 * Each framework as a function that makes an app, adds to it, and resolves with its base URL on a server that is closed
 * after the test. `add` gets the app; `own` is a path that the app itself answers with `own`.
 */
const FRAMEWORKS = {
  async http(add) {
    const server = http.createServer((request, response) => response.end('own'));
    add(server);
    return listening(server);
  },

  async 'Express 5'(add) {
    return expressWith(require('express'), add);
  },

  async 'Express 4'(add) {
    return expressWith(require('express4'), add);
  },

  async Fastify(add) {
    const app = require('fastify').fastify();
    add(app);
    app.get('/own', async () => 'own');
    await app.ready();
    const server = closedAfterTest(app.server);
    await app.listen({ port: 0, host: '127.0.0.1' });
    return urlOf(server);
  },

  async Koa(add) {
    const Koa = commonjs('koa');
    const app = new Koa();
    app.silent = true;
    add(app);
    app.use((ctx) => {
      ctx.body = 'own';
    });
    return listening(http.createServer(app.callback()));
  },

  async Hono(add) {
    const { Hono } = require('hono');
    const { getRequestListener } = require('@hono/node-server');
    const app = new Hono();
    add(app);
    app.get('/own', (c) => c.text('own'));
    return listening(http.createServer(getRequestListener(app.fetch)));
  },
};

// Fastify 5 asks for Node 20.
if (Number(process.versions.node.split('.')[0]) < 20) delete FRAMEWORKS.Fastify;

async function expressWith(express, add) {
  const app = express();
  add(app);
  app.get('/own', (request, response) => response.end('own'));
  return listening(http.createServer(app));
}

/** Koa has its class as the default of a module, or as the module itself. */
function commonjs(name) {
  const loaded = require(name);
  return loaded.default || loaded;
}

async function listening(server) {
  closedAfterTest(server).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return urlOf(server);
}

function urlOf(server) {
  return `http://127.0.0.1:${server.address().port}`;
}

/** What a server answers: `{ status, headers, body }`. */
function ask(url, method = 'GET') {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    request.on('error', reject).end();
  });
}

module.exports = { FRAMEWORKS, ask, listening };
