'use strict';

/** Resets a connection. One that is already ending is destroyed, because Node would never close it after a reset. */
function reset(socket) {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** One request's connection, for a fault to write to. Its timers end with the connection. */
class Exchange {
  /** Whether a complete answer was written, so that the connection is idle. */
  isAnswered = false;
  #socket;
  #timers = new Set();

  constructor(socket) {
    this.#socket = socket;
  }

  /** A complete answer; the connection stays open. */
  answer(bytes) {
    this.isAnswered = true;
    this.write(bytes);
  }

  /** Part of an answer. */
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

  /** Runs an action after a delay, unless the connection has ended. */
  later(ms, action) {
    this.#timers.add(
      setTimeout(() => {
        if (this.#socket.writable) action();
      }, ms),
    );
  }

  /** Writes pieces, one every `everyMs`. */
  drip(pieces, everyMs) {
    const rest = [...pieces];
    const timer = setInterval(() => {
      if (rest.length > 0) this.write(rest.shift());
      else clearInterval(timer);
    }, everyMs);
    this.#timers.add(timer);
  }

  /** Writes a block repeatedly, as fast as it is read. */
  flood(block) {
    const more = () => {
      while (this.#socket.writable && this.#socket.write(block));
    };
    this.#socket.on('drain', more);
    more();
  }

  /** Clears the timers when the connection has ended. */
  over() {
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

module.exports = { Exchange, reset };
