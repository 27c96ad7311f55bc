'use strict';

/** The name that was probably meant, or undefined. */
function closest(given, names) {
  let best;
  let least = Infinity;
  for (const name of names) {
    const distance = distanceOf(given, name);
    if (distance < least) [best, least] = [name, distance];
  }
  return least <= Math.max(1, Math.floor(given.length / 3)) ? best : undefined;
}

/** The Levenshtein distance. */
function distanceOf(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let at = 1; at <= one.length; at += 1) {
    const next = [at];
    for (let to = 1; to <= other.length; to += 1) {
      next.push(Math.min(row[to] + 1, next[to - 1] + 1, row[to - 1] + Number(one[at - 1] !== other[to - 1])));
    }
    row = next;
  }
  return row[other.length];
}

module.exports = { closest, distanceOf };
