'use strict';

const { curveOf, furtherTables, missedList, tableOf, targetRow, TARGET_HEAD } = require('./columns');

function table({ head, rows }) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, at) => (at === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function curveTable(byClient) {
  const curves = Object.entries(byClient).flatMap(([client, rounds]) => {
    const curve = curveOf(rounds);
    return curve ? [[client, curve]] : [];
  });
  if (curves.length === 0) return [];
  const rows = curves.map(([client, curve]) => [client, ...curve.map(({ rss, external }) => `${rss.toFixed(0)} / ${external.toFixed(1)}`)]);
  const head = ['RSS / external MB after', ...curves[0][1].map(({ calls }, at, { length }) => (at === length - 1 ? 'the end' : `${calls} calls`))];
  return [table({ head, rows })];
}

/** The text of bench/RESULTS.md, which only a full run writes. `traffic` is the section about an indexer's traffic. */
function markdown({ about, jobs, results, targets, traffic }) {
  const versions = Object.entries(about.clients).map(([client, version]) => `${client} ${version}`).join(', ');
  const parts = [
    '# What it costs',
    'Written by `npm run bench`; not to be edited. Medians of the rounds, and in brackets the least and the most.',
    `Node ${about.node}, ${about.cpus} × ${about.cpu}, ${about.platform}; ${about.rounds} rounds, ${about.date}. ${versions}.`,
    'Main thread: CPU time of the thread that runs the JavaScript, per call. Process: of all its threads. The relay is '
      + 'another process on the same machine, and competes for its cores. Each client runs in a process of its own, '
      + 'warmed up first; its answers are checked. The floor is what no client can avoid on the main thread: a promise, a '
      + 'string made from bytes, `JSON.parse`, and a turn of the event loop.',
    '![The traffic of an indexer, and CPU time per call](results.svg)',
    '## Targets',
    table({ head: TARGET_HEAD.map((title) => title || 'verdict'), rows: targets.map(targetRow) }),
    ...missedList(targets),
    traffic,
    '![Cost of one call by the size of the cache, the number of callers and of requests in flight](scaling.svg)',
    ...jobs.flatMap((job) => [
      `## ${job.title}`,
      table(tableOf(job, results[job.name])),
      ...furtherTables(job, results[job.name]).map(table),
      ...curveTable(results[job.name]),
      `\`npm run bench -- --job ${job.name}\``,
    ]),
  ];
  return `${parts.join('\n\n')}\n`;
}

module.exports = { markdown };
