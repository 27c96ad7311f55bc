'use strict';

/** Resets a connection. Node loses one that is ending already: it would stay open for good. */
function reset(socket) {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** One request's connection, for a fault to write to. What it does later ends with the connection. */
class Exchange {
  /** Whether a whole answer was written, so that the connection is idle. */
  isAnswered = false;
  #socket;
  #timers = new Set();

  constructor(socket) {
    this.#socket = socket;
  }

  /** A whole answer; the connection stays. */
  answer(bytes) {
    this.isAnswered = true;
    this.write(bytes);
  }

  /** A part of one. */
  write(bytes) {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** These bytes, then the end of the connection. */
  end(bytes = '') {
    if (this.#socket.writable) this.#socket.end(bytes);
  }

  /** These bytes, then a reset. The peer may see the reset before it has read the bytes. */
  reset(bytes = '') {
    if (bytes.length === 0) reset(this.#socket);
    else if (this.#socket.writable) this.#socket.write(bytes, () => reset(this.#socket));
  }

  /** An action so much later, unless the connection has ended by then. */
  later(ms, action) {
    this.#timers.add(
      setTimeout(() => {
        if (this.#socket.writable) action();
      }, ms),
    );
  }

  /** Pieces, one every so many milliseconds. */
  drip(pieces, everyMs) {
    const rest = [...pieces];
    const timer = setInterval(() => {
      if (rest.length > 0) this.write(rest.shift());
      else clearInterval(timer);
    }, everyMs);
    this.#timers.add(timer);
  }

  /** The same block again and again, as fast as it is read. */
  flood(block) {
    const more = () => {
      while (this.#socket.writable && this.#socket.write(block));
    };
    this.#socket.on('drain', more);
    more();
  }

  /** The connection has ended, and so has all that was to come on it. */
  over() {
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

module.exports = { Exchange, reset };
