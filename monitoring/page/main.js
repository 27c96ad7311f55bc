'use strict';

// The page: requests the statistics every second and shows them. Texts are in state.js.

const EVERY_MS = 1_000;
const PATIENCE_MS = 5_000;
const SHOWN_MS = 600_000;
/** Rates in the charts are over the last 10 s: smooth, but an outage is visible at once. */
const RATE_MS = 10_000;

const base = location.pathname.replace(/\/+$/, '');
const element = (id) => document.getElementById(id);
const show = (id, text) => {
  if (element(id).textContent !== text) element(id).textContent = text;
};
const showIf = (id, text) => {
  element(id).hidden = text === '' || text === undefined;
  show(id, text || '');
};

const known = { stats: undefined, lost: undefined, minute: undefined };
let samples = [];
let points = [];
let seenAt;

/** Adds the figures of one moment. */
function add(sample) {
  const last = samples[samples.length - 1];
  if (last && last.at >= sample.at) return;
  const isGap = last && sample.at - last.at > 2 * RATE_MS;
  if (isGap) points.push({ at: (last.at + sample.at) / 2 });
  samples.push(sample);
  samples = samples.filter(({ at }) => at >= sample.at - MINUTE_MS - RATE_MS);
  points = points.filter(({ at }) => at >= sample.at - SHOWN_MS);
  const before = isGap ? undefined : sampleBefore(sample, RATE_MS);
  if (before) points.push(pointOf(before, sample));
  const first = sampleBefore(sample, MINUTE_MS);
  known.minute = first && between(first, sample);
}

/** The earliest sample that is at most `ms` older, with half a second of tolerance for timers. */
function sampleBefore(sample, ms) {
  const found = samples.find(({ at }) => at >= sample.at - ms - 500);
  return found === sample ? undefined : found;
}

function pointOf(before, after) {
  const { seconds, calls, failedShare, p50, p99 } = between(before, after);
  return {
    at: after.at,
    cached: calls.known_missing / seconds,
    found: calls.found / seconds,
    missing: calls.missing / seconds,
    failed: calls.failed / seconds,
    failedShare,
    p50,
    p99,
    inFlight: after.inFlight,
    queued: after.queued,
    isOpen: after.isOpen,
  };
}

async function read(name) {
  const response = await fetch(`${base}/${name}`, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new Error(`${base}/${name} answered ${response.status}: ${(await response.text()).trim().slice(0, 300)}`);
  return response.json();
}

/** Why a request failed, as text. */
function reasonOf({ name, message }) {
  if (name === 'TimeoutError') return `${base}/stats has not answered within ${PATIENCE_MS / 1_000} s`;
  return name === 'TypeError' ? `${location.host} cannot be reached` : message;
}

async function look() {
  try {
    const stats = await read('stats');
    const isOther = known.stats && known.stats.process && known.stats.process.pid !== stats.process.pid;
    if (isOther || known.stats === undefined) await start();
    const now = Date.now();
    known.stats = stats;
    known.lost = undefined;
    seenAt = now;
    add(sampleOf(stats, now));
  } catch (error) {
    known.lost = { since: known.lost ? known.lost.since : Date.now(), reason: reasonOf(error) };
  }
  draw();
  setTimeout(look, EVERY_MS);
}

/** Starts with the server's history. Applications that only serve the statistics have none. */
async function start() {
  samples = [];
  points = [];
  const history = await read('history').catch(() => []);
  const now = Date.now();
  for (const { ageMs, ...stats } of history) add(sampleOf(stats, now - ageMs));
}

function draw() {
  const { stats, minute } = known;
  const lost = known.lost && { sinceMs: Date.now() - known.lost.since, reason: known.lost.reason };
  drawStatus(statusOf({ stats, lost, minute }));
  document.body.toggleAttribute('data-stale', lost !== undefined);
  if (!stats) return;
  drawIdentity(stats.process);
  drawMinute(stats, minute);
  drawTotals(stats);
  drawCharts();
  show('updated', `Figures of ${new Date(seenAt).toLocaleTimeString([], { hour12: false })}, read every second`);
}

function drawStatus({ level, title, reason, next, sinceMs }) {
  element('status').dataset.level = level;
  show('mark', MARKS[level]);
  show('title', title);
  const since = sinceMs === undefined ? '' : `since ${new Date(Date.now() - sinceMs).toLocaleTimeString([], { hour12: false })}, for ${duration(sinceMs)}`;
  showIf('since', since);
  showIf('reason', reason && reason[0].toUpperCase() + reason.slice(1));
  showIf('next', next);
  const host = known.stats && known.stats.process ? known.stats.process.host : location.host;
  const name = `${MARKS[level]} ${TITLES[level]} · ${host} · gun-native`;
  if (document.title !== name) document.title = name;
  drawIcon(level);
}

/** A dot in the colour of the status with its mark, so that the state does not depend on colour alone. */
function drawIcon(level) {
  const colour = getComputedStyle(document.documentElement).getPropertyValue(`--${level}`).trim();
  const text = `<text x="16" y="23" font-family="sans-serif" font-size="20" font-weight="700" text-anchor="middle" fill="#fff">${MARKS[level]}</text>`;
  const icon = `<svg xmlns="http:\u002f/www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="16" fill="${colour}"/>${text}</svg>`;
  const href = `data:image/svg+xml,${encodeURIComponent(icon)}`;
  if (element('icon').href !== href) element('icon').href = href;
}

function drawIdentity(about) {
  if (!about) return;
  const relay = about.relay ? `relay ${about.relay} · ` : '';
  show('identity', `${relay}v${about.version} · ${about.host}, process ${about.pid} · up ${duration(about.uptimeMs)}`);
}

function drawMinute({ requests }, minute) {
  show('in-flight', integer(requests.inFlight));
  show('queued', requests.queued > 0 ? `${integer(requests.queued)} queued` : 'none queued');
  if (!minute) return;
  const { total, seconds, asked, calls } = minute;
  show('calls-rate', rate(total / seconds));
  show('calls-count', `${integer(total)} calls`);
  show('failed-share', percent(minute.failedShare));
  show('failed-count', asked > 0 ? `${integer(calls.failed)} of ${integer(asked)} that asked the relay` : 'the relay was not asked');
  element('failed-tile').classList.toggle('bad', calls.failed > 0);
  show('cached-share', percent(minute.cachedShare));
  show('cached-count', `${integer(calls.known_missing)} calls`);
  show('p50', time(minute.p50));
  show('p99', time(minute.p99));
}

function drawTotals({ calls, callErrors, requests, store, records, process: about, ...cache }) {
  const some = (counts) => Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0).map(([code, count]) => [code, integer(count)]));
  const outcomes = calls || { known_missing: cache.hits, found: requests.found, missing: requests.missing };
  const groups = {
    Calls: {
      all: integer(cache.total),
      'from the cache': integer(outcomes.known_missing),
      found: integer(outcomes.found),
      missing: integer(outcomes.missing),
      ...(calls && { failed: integer(calls.failed), aborted: integer(calls.aborted) }),
      ...some(callErrors || requests.failed),
    },
    'Requests to the relay': {
      sent: integer(requests.sent),
      retried: integer(requests.retried),
      ...(requests.refreshed !== undefined && { refreshed: integer(requests.refreshed) }),
      'shared with another call': integer(requests.coalesced),
    },
    'Cache of missing souls': {
      'cached now': `${integer(cache.size)} of ${integer(cache.capacity)}`,
      'hit rate': percent(cache.hitRate),
      TTL: duration(cache.ttlMs),
      inserts: integer(cache.inserts),
      evictions: integer(cache.evictions),
      expirations: integer(cache.expirations),
      invalidations: integer(cache.invalidations),
    },
    ...(store && {
      [`Store (${store.kind})`]: { connected: store.connected ? 'yes' : 'no', loaded: integer(Number(store.loaded)), hits: integer(store.hits), errors: integer(store.errors) },
    }),
    ...(records && {
      'Cache of records': { records: integer(records.size), size: bytes(records.bytes), hits: integer(records.hits), 'stale answers': integer(records.stale) },
    }),
    ...(about && {
      Process: { relay: about.relay || '–', version: about.version, Node: about.node, host: about.host, 'process ID': String(about.pid), uptime: duration(about.uptimeMs) },
    }),
  };
  fill(element('totals'), groups);
}

/** Rebuilds the tables only if their rows change, so that a selection in them is kept. */
function fill(parent, groups) {
  const shape = JSON.stringify(Object.entries(groups).map(([title, rows]) => [title, Object.keys(rows)]));
  if (parent.dataset.shape !== shape) {
    parent.dataset.shape = shape;
    parent.replaceChildren(...Object.entries(groups).map(([title, rows]) => tableOf(title, rows)));
  }
  const cells = parent.querySelectorAll('td');
  Object.values(groups).flatMap((rows) => Object.values(rows)).forEach((text, index) => {
    if (cells[index].textContent !== text) cells[index].textContent = text;
  });
}

function tableOf(title, rows) {
  const [box, heading, table] = ['div', 'h3', 'table'].map((name) => document.createElement(name));
  heading.textContent = title;
  for (const name of Object.keys(rows)) {
    const row = table.insertRow();
    const head = document.createElement('th');
    head.scope = 'row';
    head.textContent = name;
    row.append(head);
    row.insertCell();
    row.dataset.name = name;
  }
  box.append(heading, table);
  return box;
}

element('stats-link').href = `${base}/stats`;
element('metrics-link').href = `${base}/metrics`;
look();
