'use strict';

const { spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const { valkey } = require('../../scripts/valkey');

const RETRY_MS = 10;
/** Longer than a server takes to start on the slowest machine. */
const LIMIT_MS = 20_000;

/** `describe`, or a skipped one and a line that says why if there is no Valkey. */
function describeWithValkey() {
  const { reason } = valkey();
  if (!reason) return describe;
  process.stderr.write(`skipped: tests on a real Valkey: ${reason}\n`);
  return describe.skip;
}

/**
 * Starts a server without data on a free port of loopback. `program` is another one than `npm test`'s; with `tls`, certificates as
 * text, `url` is that of a second port with TLS.
 */
async function startValkey(args = [], { program = valkey().program, tls } = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-valkey-'));
  const port = await freePort();
  const tlsPort = tls && (await freePort());
  const launch = async () => {
    const own = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--dir', folder];
    if (tls) own.push('--tls-port', String(tlsPort), '--tls-auth-clients', 'no', ...certificates(folder, tls));
    const child = spawn(program, [...own, ...args], { stdio: 'ignore' });
    const exited = once(child, 'exit');
    await listening(port, child);
    return { child, exited };
  };
  let current = await launch();
  const kill = async () => {
    current.child.kill('SIGKILL');
    await current.exited;
  };
  return {
    port,
    url: tls ? `rediss://127.0.0.1:${tlsPort}` : `redis://127.0.0.1:${port}`,
    /** Ends it at once. */
    kill,
    /** Starts it again after `kill`, with what it had saved, which is nothing by default. */
    restart: async () => {
      current = await launch();
    },
    signal: (name) => current.child.kill(name),
    /** Runs one command, by words, on a connection of its own. */
    command: (...words) => command(port, words),
    stop: async () => {
      await kill();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The server's arguments for its certificates, as files. */
function certificates(folder, { ca, cert, key }) {
  return Object.entries({ 'tls-ca-cert-file': ca, 'tls-cert-file': cert, 'tls-key-file': key }).flatMap(([option, text]) => {
    const file = path.join(folder, option);
    fs.writeFileSync(file, text);
    return [`--${option}`, file];
  });
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function listening(port, child) {
  const end = performance.now() + LIMIT_MS;
  for (;;) {
    try {
      await command(port, ['PING']);
      return;
    } catch (error) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`, { cause: error });
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** The answer as text, in the protocol's own form. */
async function command(port, words) {
  const socket = net.connect(port, '127.0.0.1').setEncoding('utf8');
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  socket.end(`*${words.length}\r\n${parts.join('')}`);
  let answer = '';
  for await (const text of socket) answer += text;
  return answer;
}

module.exports = { describeWithValkey, startValkey };
