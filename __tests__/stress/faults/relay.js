'use strict';

const net = require('net');
const { EventEmitter, once } = require('events');
const { Exchange, reset } = require('./exchange');

const END_OF_HEAD = '\r\n\r\n';

/** Starts a relay that writes raw bytes: `answer({ soul, attempt })` returns the fault, a function of an `Exchange`. */
async function startFaultRelay(answer) {
  const relay = new FaultRelay(answer);
  await relay.start();
  return relay;
}

class FaultRelay {
  /** Complete requests so far, by soul. */
  attempts = new Map();
  requests = 0;
  connections = 0;
  /** Open connections, each with its exchange. */
  #exchanges = new Map();
  #changes = new EventEmitter().setMaxListeners(0);
  #server;
  #port = 0;

  constructor(answer) {
    this.answer = answer;
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  get sockets() {
    return this.#exchanges.size;
  }

  /** Listens, on the same port as before. */
  async start() {
    this.#server = net.createServer((socket) => this.#accept(socket));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = this.#server.address().port;
  }

  /** Refuses new connections and resets the open ones. */
  async stop() {
    if (!this.#server || !this.#server.listening) return;
    this.#server.close();
    for (const socket of this.#exchanges.keys()) reset(socket);
    await once(this.#server, 'close');
  }

  /** Ends idle connections: `how` is `end`, `destroy` or `reset`. */
  closeIdle(how) {
    for (const [socket, exchange] of this.#exchanges) {
      if (exchange !== undefined && !exchange.isAnswered) continue;
      if (how === 'reset') reset(socket);
      else socket[how]();
    }
  }

  /** Resolves when this many requests have arrived. */
  async hasRequests(count) {
    while (this.requests < count) await once(this.#changes, 'change');
  }

  /** Resolves when no connection is open. */
  async hasNoSockets() {
    while (this.sockets > 0) await once(this.#changes, 'change');
  }

  #accept(socket) {
    this.connections += 1;
    this.#exchanges.set(socket, undefined);
    socket.setNoDelay(true);
    socket.on('error', () => {}); // clients may leave
    socket.on('close', () => {
      this.#exchanges.get(socket)?.over();
      this.#exchanges.delete(socket);
      this.#changes.emit('change');
    });
    let received = '';
    socket.on('data', (bytes) => {
      if (socket.destroyed) return; // bytes already read still arrive after this side has ended the connection
      received += bytes.toString('latin1');
      for (let end = received.indexOf(END_OF_HEAD); end >= 0; end = received.indexOf(END_OF_HEAD)) {
        const head = received.slice(0, end);
        received = received.slice(end + END_OF_HEAD.length);
        this.#serve(socket, head);
      }
    });
  }

  #serve(socket, head) {
    const [, target] = head.split(' ', 2);
    const soul = new URL(target, 'http://relay').searchParams.get('soul');
    const attempt = (this.attempts.get(soul) || 0) + 1;
    this.attempts.set(soul, attempt);
    this.requests += 1;
    this.#changes.emit('change');
    this.#exchanges.get(socket)?.over();
    const exchange = new Exchange(socket);
    this.#exchanges.set(socket, exchange);
    this.answer({ soul, attempt })(exchange);
  }
}

module.exports = { startFaultRelay };
