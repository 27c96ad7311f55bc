'use strict';

const http = require('http');
const { EventEmitter, once } = require('events');
const answers = require('./answers');

/**
 * Starts a relay that answers from a script and records the requests it gets:
 *
 *     startRelay({ a: record({ n: 1 }), b: [status(503), record({ n: 2 })] })
 *
 * A list has one answer per attempt; the last one repeats. A function `(soul, attempt, request) => answer` is also accepted.
 * A soul that the script does not name is missing.
 */
async function startRelay(script = {}, { port = 0, ...options } = {}) {
  const relay = new ScriptedRelay(script, options);
  await relay.listen(port);
  return relay;
}

class ScriptedRelay {
  /** The requests in order: `{ soul, url, method, headers, socket, at }`, the URL as it was sent. */
  requests = [];
  /** Connections accepted so far, and those that are open now. */
  connections = 0;
  sockets = new Set();
  /** Requests without a complete answer now, and the highest number so far. */
  inProgress = 0;
  mostInProgress = 0;
  /** Requests whose connection ended before their answer, whoever ended it. */
  abandoned = 0;
  #answer;
  #records;
  #attempts = new Map();
  #gates = [];
  #changes = new EventEmitter().setMaxListeners(0);
  #server = http.createServer((request, response) => this.#serve(request, response));

  /** @param {{ records?: boolean }} options - `records: false` keeps no requests and no attempts, for millions of them. */
  constructor(script, { records = true } = {}) {
    this.#answer = typeof script === 'function' ? script : fromTable(script);
    this.#records = records;
    this.#server.on('connection', (socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      socket.on('error', () => {}); // clients may leave
      socket.on('close', () => {
        this.sockets.delete(socket);
        this.#changes.emit('change');
      });
    });
  }

  get port() {
    return this.#server.address().port;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  get isListening() {
    return this.#server.listening;
  }

  /** The requested souls in order. */
  get souls() {
    return this.requests.map((request) => request.soul);
  }

  requestsFor(soul) {
    return this.souls.filter((asked) => asked === soul).length;
  }

  /** Makes the next `count` requests wait at the returned gate until the test opens it. */
  hold(count = Infinity) {
    const gate = new Gate(count);
    this.#gates.push(gate);
    return gate;
  }

  /** Resolves when this many requests have arrived. */
  hasRequests(count) {
    return this.#until(() => this.requests.length >= count);
  }

  /** Resolves when this many requests have ended without a complete answer. */
  hasAbandoned(count) {
    return this.#until(() => this.abandoned >= count);
  }

  /** Resolves when no connection is open. */
  hasNoSockets() {
    return this.#until(() => this.sockets.size === 0);
  }

  /** Sets how long an idle connection stays open; Node's default is 5 s. */
  keepIdleFor(ms) {
    this.#server.keepAliveTimeout = ms;
  }

  async listen(port = 0) {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Refuses and closes all connections. */
  async close() {
    if (!this.isListening) return;
    this.#server.close();
    for (const socket of this.sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  async #serve(request, response) {
    const { url, method, headers, socket } = request;
    const soul = new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('soul');
    let attempt;
    if (this.#records) {
      this.requests.push({ soul, url, method, headers, socket, at: performance.now() });
      attempt = (this.#attempts.get(soul) || 0) + 1;
      this.#attempts.set(soul, attempt);
    }
    this.inProgress += 1;
    this.mostInProgress = Math.max(this.mostInProgress, this.inProgress);
    response.once('close', () => {
      this.inProgress -= 1;
      if (!response.writableFinished) this.abandoned += 1;
      this.#changes.emit('change');
    });
    this.#changes.emit('change');
    await this.#gates.find((gate) => gate.takes)?.pass();
    if (!response.destroyed) this.#answer(soul, attempt, request)(response);
  }

  async #until(condition) {
    while (!condition()) await once(this.#changes, 'change');
  }
}

class Gate {
  #count;
  #passed = 0;
  #events = new EventEmitter().setMaxListeners(0);
  #opened = once(this.#events, 'open');
  isOpen = false;

  constructor(count) {
    this.#count = count;
  }

  /** Whether the next request waits here. */
  get takes() {
    return !this.isOpen && this.#passed < this.#count;
  }

  pass() {
    this.#passed += 1;
    this.#events.emit('arrival');
    return this.#opened;
  }

  /** Resolves when this many requests wait here. */
  async reached(count = 1) {
    while (this.#passed < count) await once(this.#events, 'arrival');
  }

  open() {
    this.isOpen = true;
    this.#events.emit('open');
  }
}

function fromTable(table) {
  return (soul, attempt) => {
    const entry = Object.hasOwn(table, soul) ? table[soul] : answers.missing();
    return Array.isArray(entry) ? entry[Math.min(attempt, entry.length) - 1] : entry;
  };
}

module.exports = { startRelay };
