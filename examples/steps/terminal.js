'use strict';

const PROGRESS_MS = 200;
const CLEAR_LINE = '\r\x1b[K';

/**
 * Log lines, and on a terminal one more below them that shows the progress and is overwritten. Each log line first clears that
 * one, so that the two never share a line.
 */
class Terminal {
  #begun = performance.now();
  #done = 0;
  #total;
  #out;
  #progress;
  #timer;

  /** @param {number} total - how much there is to do; `out` gets the lines, `progress` the other one if it is a terminal */
  constructor(total, { out = process.stdout, progress = process.stderr } = {}) {
    this.#total = total;
    this.#out = out;
    this.#progress = progress;
    if (progress.isTTY) this.#timer = setInterval(() => this.#show(), PROGRESS_MS);
  }

  print(line) {
    this.#clear();
    this.#out.write(`${this.#elapsed(1).padStart(5)} s  ${line}\n`);
    this.#show();
  }

  /** A line about something that is done. */
  done(line) {
    this.#done += 1;
    this.print(line);
  }

  end() {
    this.#clear();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #elapsed(digits) {
    return ((performance.now() - this.#begun) / 1000).toFixed(digits);
  }

  #show() {
    if (this.#timer === undefined) return;
    this.#progress.write(`${CLEAR_LINE}${this.#elapsed(0).padStart(3)} s, ${this.#done} of ${this.#total} done`);
  }

  #clear() {
    if (this.#timer !== undefined) this.#progress.write(CLEAR_LINE);
  }
}

module.exports = { Terminal };
