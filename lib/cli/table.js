'use strict';

/**
 * Rows of cells in columns, the columns by `align` to the left (`<`) or to the right (`>`). `paintLast` colours the last
 * cell of a row, after everything is in its place.
 */
function table(rows, align, paintLast = (cell) => cell) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const last = widths.length - 1;
  const placed = (cell, column) => (align[column] === '>' ? cell.padStart(widths[column]) : cell.padEnd(widths[column]));
  const line = (row) => row.slice(0, last).map((cell, column) => `${placed(cell, column)}  `).join('');
  return rows.map((row) => line(row) + paintLast(align[last] === '>' ? placed(row[last], last) : row[last])).join('\n');
}

module.exports = { table };
