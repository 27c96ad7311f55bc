'use strict';

const tty = require('tty');
const { inspect } = require('util');

/** Text in a colour of `util.inspect.colors`, if the stream supports colour. */
function paint(stream, colour, text) {
  if (!takesColour(stream)) return text;
  const [on, off] = inspect.colors[colour];
  return `\x1b[${on}m${text}\x1b[${off}m`;
}

/** As Node decides, by NO_COLOR, FORCE_COLOR and TERM; only FORCE_COLOR colours a stream that is not a terminal. */
function takesColour(stream) {
  if (!stream.isTTY && process.env.FORCE_COLOR === undefined) return false;
  return tty.WriteStream.prototype.hasColors(process.env);
}

/** Whether the cursor can be moved there. */
function isScreen(stream) {
  return stream.isTTY === true && process.env.TERM !== 'dumb';
}

/** A line that is overwritten; only on a terminal. */
function progress(stream = process.stderr) {
  if (!isScreen(stream)) return { show() {}, clear() {} };
  return {
    show: (text) => stream.write(`\r\x1b[K${text.slice(0, (stream.columns || 80) - 1)}`),
    clear: () => stream.write('\r\x1b[K'),
  };
}

/** JSON text without control characters that JSON allows but a terminal may interpret. */
function printable(json) {
  return json.replace(/[\x7f-\x9f\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * Text wrapped to the terminal's width, with an indentation. In files and pipes it stays on one line, for `grep`; words that
 * are too long stay whole, so that they can be copied.
 */
function wrapped(text, indent, stream = process.stdout) {
  const width = (stream.isTTY && stream.columns > 0 ? stream.columns : Infinity) - indent.length;
  const lines = [];
  for (const word of text.split(' ')) {
    const last = lines.length - 1;
    if (last >= 0 && lines[last].length + 1 + word.length <= width) lines[last] += ` ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => `${indent}${line}`).join('\n');
}

/** `1 soul`, `2 souls`. */
function counted(number, what) {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/** A readable duration: `4.1 ms`, `3.05 s`, `2 min 10 s`, `1 h`. */
function duration(ms) {
  if (ms < 1000) return `${Number(ms.toFixed(ms < 10 ? 1 : 0))} ms`;
  if (ms < 60000) return `${Number((ms / 1000).toFixed(ms < 10000 ? 2 : 1))} s`;
  const seconds = Math.floor(ms / 1000);
  const [size, unit, nextSize, nextUnit] = [[86400, 'd', 3600, 'h'], [3600, 'h', 60, 'min'], [60, 'min', 1, 's']].find(([least]) => seconds >= least);
  const rest = Math.floor((seconds % size) / nextSize);
  return `${Math.floor(seconds / size)} ${unit}${rest > 0 ? ` ${rest} ${nextUnit}` : ''}`;
}

module.exports = { counted, duration, isScreen, paint, printable, progress, wrapped };
