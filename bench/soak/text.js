'use strict';

const { aligned } = require('../report/text');

const MB = 2 ** 20;
const VERDICTS = new Map([[true, 'PASS'], [false, 'FAIL'], [null, '–']]);

/** The progress of a run as one line. */
function progressText({ hour, rss, heapUsed, external, hits, total }, hours) {
  const memory = [rss, heapUsed, external].map((bytes) => (bytes / MB).toFixed(1)).join('/');
  return `${hour.toFixed(1)} of ${hours} h  ${total} calls, ${((100 * hits) / total).toFixed(1)}% hits  rss/heap/external ${memory} MB`;
}

/** The checklist with its verdicts, and a summary of the run. */
function listText({ end, restarts }, checks) {
  const rows = checks.map(({ check, expectation, measurement, passed }) => [check, expectation, measurement, VERDICTS.get(passed)]);
  const list = aligned({ head: ['', 'expected', 'measured', ''], rows }, '<<<<');
  if (end === undefined) return list;
  const { counts, stats } = end;
  const summary = [
    `${stats.total} calls, ${stats.requests.sent} requests, ${stats.requests.coalesced} calls shared one`,
    `${counts.puts} puts`,
    `${restarts.length} restarts of the relay, which failed ${counts.failedInOutage} calls`,
  ];
  return `${list}\n\n${summary.join('; ')}.`;
}

module.exports = { listText, progressText };
