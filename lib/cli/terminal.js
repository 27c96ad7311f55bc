'use strict';

const tty = require('tty');
const { inspect } = require('util');

/** Text in a colour of `util.inspect.colors`, where the stream takes it. */
function paint(stream, colour, text) {
  if (!takesColour(stream)) return text;
  const [on, off] = inspect.colors[colour];
  return `\x1b[${on}m${text}\x1b[${off}m`;
}

/** As Node decides it, from NO_COLOR, FORCE_COLOR and TERM; a stream that is no terminal has to be forced. */
function takesColour(stream) {
  if (!stream.isTTY && process.env.FORCE_COLOR === undefined) return false;
  return tty.WriteStream.prototype.hasColors(process.env);
}

/** A line on a terminal that is written over and over; nothing anywhere else. */
function progress(stream = process.stderr) {
  if (!stream.isTTY || process.env.TERM === 'dumb') return { show() {}, clear() {} };
  return {
    show: (text) => stream.write(`\r\x1b[K${text.slice(0, (stream.columns || 80) - 1)}`),
    clear: () => stream.write('\r\x1b[K'),
  };
}

/** JSON text without what a terminal might take as a command: the control characters that JSON itself lets through. */
function printable(json) {
  return json.replace(/[\x7f-\x9f\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

module.exports = { paint, printable, progress };
