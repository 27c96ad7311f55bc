'use strict';

const http = require('http');
const { EventEmitter, once } = require('events');
const answers = require('./answers');

/**
 * Starts a relay that answers by a script and counts what reaches it. The script says how each soul is answered:
 *
 *     startRelay({ a: record({ n: 1 }), b: [status(503), record({ n: 2 })] })
 *
 * A list answers one attempt after the other and goes on with its last answer. A function `(soul, attempt) => answer`
 * will do as well. A soul that the script does not name is missing.
 */
async function startRelay(script = {}) {
  const relay = new ScriptedRelay(script);
  await relay.listen();
  return relay;
}

class ScriptedRelay {
  /** What came, in order: `{ soul, url, method, headers, socket }`, the URL as it stood on the wire. */
  requests = [];
  /** Connections accepted so far, and those that are open now. */
  connections = 0;
  sockets = new Set();
  /** Requests that are being answered now, and the most there ever were. */
  inProgress = 0;
  mostInProgress = 0;
  /** Requests whose connection ended before their answer did, whoever ended it. */
  abandoned = 0;
  #answer;
  #gates = [];
  #changes = new EventEmitter().setMaxListeners(0);
  #server = http.createServer((request, response) => this.#serve(request, response));

  constructor(script) {
    this.#answer = typeof script === 'function' ? script : fromTable(script);
    this.#server.on('connection', (socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      socket.on('error', () => {}); // a client that leaves is no fault of the relay
      socket.on('close', () => {
        this.sockets.delete(socket);
        this.#changes.emit('change');
      });
    });
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** The souls in the order in which they were asked for. */
  get souls() {
    return this.requests.map((request) => request.soul);
  }

  requestsFor(soul) {
    return this.souls.filter((asked) => asked === soul).length;
  }

  /** From now on requests wait at the returned gate, the next `places` of them, until the test opens it. */
  hold(places = Infinity) {
    const gate = new Gate(places);
    this.#gates.push(gate);
    return gate;
  }

  /** Resolves when this many requests have come. */
  hasRequests(count) {
    return this.#until(() => this.requests.length >= count);
  }

  /** Resolves when this many requests were left without a whole answer. */
  hasAbandoned(count) {
    return this.#until(() => this.abandoned >= count);
  }

  /** Resolves when no connection is open. */
  hasNoSockets() {
    return this.#until(() => this.sockets.size === 0);
  }

  /** How long an idle connection stays open; Node's own default is 5 s. */
  keepIdleFor(ms) {
    this.#server.keepAliveTimeout = ms;
  }

  async listen(port = 0) {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Leaves nothing behind: no socket, no timer, no waiting request. */
  async close() {
    if (!this.#server.listening) return;
    this.#server.close();
    for (const socket of this.sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  async #serve(request, response) {
    const soul = new URL(request.url, 'http://relay').searchParams.get('soul');
    const { url, method, headers, socket } = request;
    this.requests.push({ soul, url, method, headers, socket, at: performance.now() });
    const attempt = this.requestsFor(soul);
    this.inProgress += 1;
    this.mostInProgress = Math.max(this.mostInProgress, this.inProgress);
    response.once('close', () => {
      this.inProgress -= 1;
      if (!response.writableFinished) this.abandoned += 1;
      this.#changes.emit('change');
    });
    this.#changes.emit('change');
    await this.#gates.find((gate) => gate.hasPlace)?.pass();
    if (!response.destroyed) this.#answer(soul, attempt)(response);
  }

  async #until(condition) {
    while (!condition()) await once(this.#changes, 'change');
  }
}

class Gate {
  #places;
  #passed = 0;
  #events = new EventEmitter().setMaxListeners(0);
  #opened = once(this.#events, 'open');
  isOpen = false;

  constructor(places) {
    this.#places = places;
  }

  get hasPlace() {
    return !this.isOpen && this.#passed < this.#places;
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
