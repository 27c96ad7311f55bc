'use strict';

/** One request's connection, for a fault to write to. What it does later ends with the connection. */
class Exchange {
  /** Whether a whole answer was written, so that the connection is idle. */
  isAnswered = false;
  #socket;

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
    if (bytes.length === 0) this.#socket.resetAndDestroy();
    else if (this.#socket.writable) this.#socket.write(bytes, () => this.#socket.resetAndDestroy());
  }

  later(ms, action) {
    const timer = setTimeout(action, ms);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  /** Pieces, one every so many milliseconds; then `done`. */
  drip(pieces, everyMs, done = () => {}) {
    const rest = [...pieces];
    const timer = setInterval(() => {
      if (rest.length > 0) return this.write(rest.shift());
      clearInterval(timer);
      return done();
    }, everyMs);
    this.#socket.once('close', () => clearInterval(timer));
  }

  /** The same block again and again, as fast as it is read. */
  flood(block) {
    const more = () => {
      while (this.#socket.writable && this.#socket.write(block));
    };
    this.#socket.on('drain', more);
    more();
  }
}

module.exports = { Exchange };
