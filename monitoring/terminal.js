'use strict';

// node monitoring/terminal.js [FOLDER]: screenshots of the command line on terminals of 60 and 120 columns, for the documents.

const fs = require('fs');
const http = require('http');
const { once } = require('events');
const path = require('path');
const { missing } = require('../__tests__/helpers/answers');
const { startRelay } = require('../__tests__/helpers/relay');
const { run } = require('../__tests__/helpers/child');
const { picture } = require('./chromium');
const { serve } = require('./page/scenarios');

const FOLDER = path.join(__dirname, '..', 'docs', 'terminal');
const CLI = path.join(__dirname, '..', 'bin', 'gun-native.js');
/** Pixels of a character and of a line. */
const [CHARACTER, LINE, MARGIN] = [8.43, 19, 16];
const COLOURS = { 1: 'font-weight:bold', 31: 'color:#ff7b72', 32: 'color:#4cc27a' };

/** The screenshots: commands with an empty relay, with no relay, and for an indexer. */
const commandsAt = (relay, indexer) => ({
  verify: ['verify', '--relay', relay],
  'verify-failed': ['verify', '--relay', 'http://127.0.0.1:1'],
  stats: ['stats', indexer],
  help: ['help', 'get'],
});

/** The output of a program on a terminal of this width. */
async function shownBy(args, columns) {
  const command = [process.execPath, CLI, ...args].map((word) => `'${word}'`).join(' ');
  const env = { TERM: 'xterm-256color' };
  const { stdout } = await run(['-qec', `stty cols ${columns}; ${command}`, '/dev/null'], env, { program: 'script', stdin: '' });
  // Remove overwritten text.
  return stdout.split(/\r?\n/).map((line) => line.slice(line.lastIndexOf('\x1b[K') + 1).replace(/^\[K/, '')).join('\n').trimEnd();
}

/** An HTML page that looks like the terminal. */
function pageOf(prompt, text, columns) {
  const escaped = `${prompt}\n${text}`.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  let isOpen = false;
  // eslint-disable-next-line no-control-regex -- the colours of a terminal are control characters
  const coloured = escaped.replace(/\x1b\[(\d+)m/g, (_code, number) => {
    const closing = isOpen ? '</span>' : '';
    isOpen = number in COLOURS;
    return isOpen ? `${closing}<span style="${COLOURS[number]}">` : closing;
  });
  const style = `font:14px/${LINE}px 'DejaVu Sans Mono',monospace;width:${columns}ch;white-space:pre-wrap;word-break:break-all;margin:${MARGIN}px`;
  return `<!doctype html><meta charset="utf-8"><body style="margin:0;background:#15181d;color:#e9ecf0"><pre style="${style}">${coloured}</pre>`;
}

async function takePictures(folder = FOLDER) {
  fs.mkdirSync(folder, { recursive: true });
  const relay = await startRelay(() => missing());
  const indexer = await serve('healthy');
  let html = '';
  const server = http.createServer((request, response) => response.setHeader('content-type', 'text/html').end(html)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    for (const [name, args] of Object.entries(commandsAt(relay.url, indexer.url.replace(/\/gun$/, '')))) {
      for (const columns of [60, 120]) {
        const text = await shownBy(args, columns);
        html = pageOf(`$ gun-native ${args.join(' ')}`, text, columns);
        const lines = text.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns)), 2);
        const size = { width: Math.ceil(columns * CHARACTER + 2 * MARGIN), height: Math.max(150, lines * LINE + 2 * MARGIN) };
        await picture(`http://127.0.0.1:${server.address().port}/`, path.join(folder, `${name}-${columns}.png`), { ms: 500, ...size, flags: ['--hide-scrollbars'] });
      }
    }
  } finally {
    server.close();
    server.closeAllConnections();
    await indexer.close();
    await relay.close();
  }
}

if (require.main === module) {
  takePictures(process.argv[2]).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}

module.exports = { takePictures };
