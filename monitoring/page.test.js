'use strict';

const fs = require('fs');
const http = require('http');
const os = require('os');
const path = require('path');
const { record, status } = require('../__tests__/helpers/answers');
const { listening } = require('../__tests__/helpers/frameworks');
const { setup } = require('../__tests__/helpers/setup');
const { mount } = require('../metrics');
const { domOf } = require('./chromium');
const { serve } = require('./page/scenarios');
const { FOLDER, PICTURES, takePictures } = require('./picture');

const textOf = (dom, id) => new RegExp(`id="${id}"[^>]*>([^<]*)<`).exec(dom)[1].replaceAll('\u00a0', ' ').replaceAll('&nbsp;', ' ');
const rowOf = (dom, name) => new RegExp(`data-name="${name}"><th[^>]*>[^<]*</th><td>([^<]*)<`).exec(dom)[1];
const levelOf = (dom) => /id="status"[^>]* data-level="([^"]*)"/.exec(dom)[1];
const titleOf = (dom) => /<title>([^<]*)</.exec(dom)[1];

/** The page with a client's statistics; `asked` has every path that the browser requested. */
async function pageOf(client) {
  const asked = [];
  const server = http.createServer();
  mount(server, { client });
  const { emit } = server;
  server.emit = function (event, request, ...rest) {
    if (event === 'request') asked.push(request.url);
    return emit.call(this, event, request, ...rest);
  };
  return { url: `${await listening(server)}/gun`, asked };
}

test('shows the figures of a real client, and names its relay', async () => {
  const { client, relay } = await setup({ a: record({}), bad: status(400) });
  await client.getRecords(['a', 'bad', 'gone']);
  await client.getRecord('gone');
  const { url } = await pageOf(client);
  const dom = await domOf(url);
  expect(textOf(dom, 'identity')).toMatch(new RegExp(`^relay ${relay.url} · v\\S+ · ${os.hostname()}, process ${process.pid} · up `));
  expect(['all', 'from the cache', 'found', 'missing', 'failed', 'ERR_GUN_STATUS', 'sent'].map((name) => rowOf(dom, name))).toEqual(
    ['4', '1', '1', '1', '1', '1', '3'],
  );
  expect(rowOf(dom, 'cached now')).toBe('1 of 10,000');
});

test('looks again every second, and asks for nothing but itself and its figures', async () => {
  const { client } = await setup();
  const { url, asked } = await pageOf(client);
  await domOf(url, { ms: 5000 });
  expect(new Set(asked)).toEqual(new Set(['/gun', '/gun/stats', '/gun/history']));
  expect(asked.filter((path) => path === '/gun/stats').length).toBeGreaterThanOrEqual(4);
});

test('says so when its figures cannot be had', async () => {
  const { url } = await pageOf({ cacheStats: () => { throw new Error('out of order'); } });
  const dom = await domOf(url);
  expect([levelOf(dom), textOf(dom, 'title')]).toEqual(['lost', 'No connection to the indexer']);
  expect(textOf(dom, 'reason')).toBe('/gun/stats answered 500: out of order');
});

test.each([
  ['healthy', 'well', '✓ ok · indexer-3 · gun-native', 'Relay http://gun-relay:8765 answers'],
  ['failing', 'failing', '! failing · indexer-3 · gun-native', /^\d+\.\d% of the calls to relay http:\/\/gun-relay:8765 fail$/],
  ['down', 'down', '✕ DOWN · indexer-3 · gun-native', 'Relay http://gun-relay:8765 is down'],
  ['recovered', 'well', '✓ ok · indexer-3 · gun-native', 'Relay http://gun-relay:8765 answers'],
  ['empty', 'idle', '– idle · indexer-3 · gun-native', 'No calls yet'],
  ['disconnected', 'lost', '? no connection · indexer-3 · gun-native', 'No connection to the indexer'],
])('in the state %s, words, colour and title agree', async (state, level, title, heading) => {
  const { url, close } = await serve(state);
  const dom = await domOf(url, { ms: 4_000 }).finally(close);
  expect([levelOf(dom), titleOf(dom)]).toEqual([level, title]);
  expect(textOf(dom, 'title')).toMatch(heading);
  expect(dom.match(/<canvas/g)).toHaveLength(4);
  expect(dom).toMatch(/role="img" aria-label="Calls per second, last 10 minutes\. found: /);
});

test('an outage is at the top: since when, why, and what happens next', async () => {
  const { url, close } = await serve('down');
  const dom = await domOf(url, { ms: 4_000 }).finally(close);
  expect(textOf(dom, 'since')).toMatch(/^since \d\d:\d\d:\d\d, for 3 min \d+ s$/);
  expect(textOf(dom, 'reason')).toBe('Connection refused (10.0.3.7:8765), 59 failures in a row');
  expect(textOf(dom, 'next')).toContain('Nothing needs a restart');
  expect(textOf(dom, 'failed-share')).toBe('100%');
});

test.each([[360, 800], [1280, 900], [3840, 2160]])('nothing is wider than a window of %i px', async (width, height) => {
  // A window cannot be as narrow as a frame. The image arrives when the frame has been measured, and ends the loading.
  const frame = `<!doctype html><iframe src="/gun" style="width:${width}px;height:${height}px;border:0"></iframe>
    <p id="widths">none</p><img src="/measured" alt=""><script>const timer = setInterval(() => {
      const page = document.querySelector('iframe').contentDocument;
      if (!page.querySelector('#status:not([data-level=connecting])')) return;
      clearInterval(timer);
      const { scrollWidth, clientWidth } = page.documentElement;
      document.getElementById('widths').textContent = scrollWidth - clientWidth;
      fetch('/measure');
    }, 20);</script>`;
  let image;
  const { url, close } = await serve('down', {
    '/frame': (response) => response.setHeader('content-type', 'text/html').end(frame),
    '/measured': (response) => { image = response; },
    '/measure': (response) => [response, image].forEach((waiting) => waiting.end()),
  });
  const dom = await domOf(new URL('/frame', url), { ms: null, width: width + 100 }).finally(close);
  expect(textOf(dom, 'widths')).toBe('0');
});

test('the pictures in the documents can be taken', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-pictures-'));
  await takePictures(folder, PICTURES);
  const names = fs.readdirSync(folder).sort();
  for (const name of names) expect(fs.statSync(path.join(folder, name)).size).toBeGreaterThan(20_000);
  expect(names).toEqual(fs.readdirSync(FOLDER).filter((name) => name.endsWith('.png')).sort());
  fs.rmSync(folder, { recursive: true });
});
