'use strict';

const { curveOf, furtherTables, missedList, tableOf, targetRow, TARGET_HEAD } = require('./columns');

/** An aligned table: the first column to the left and the others to the right, or as in `align`: `<` or `>` for each. */
function aligned({ head, rows }, align = '<') {
  const isLeft = (at) => align[at] === '<';
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at].length)));
  const line = (cells) => cells.map((cell, at) => (isLeft(at) ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join('  ').trimEnd();
  return [line(head), widths.map((width) => '─'.repeat(width)).join('──'), ...rows.map(line)].join('\n');
}

/** One job's table for a terminal. */
function jobText(job, byClient) {
  const parts = [`${job.name}: ${job.title}`, aligned(tableOf(job, byClient)), ...furtherTables(job, byClient).map((more) => aligned(more))];
  for (const [client, rounds] of Object.entries(byClient)) {
    const curve = curveOf(rounds);
    if (curve) parts.push(`${client}, RSS/external MB: ${curve.map(({ rss, external }) => `${rss.toFixed(0)}/${external.toFixed(1)}`).join('  ')}`);
  }
  return `${parts.join('\n')}\n`;
}

function targetsText(evaluated) {
  return [aligned({ head: TARGET_HEAD, rows: evaluated.map(targetRow) }), ...missedList(evaluated), ''].join('\n');
}

module.exports = { aligned, jobText, targetsText };
