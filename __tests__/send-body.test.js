'use strict';

const { once } = require('events');
const http = require('http');
const net = require('net');
const { serving } = require('./helpers/servers');
const { sendBody } = require('../lib/http/send');

/** A record whose bytes are counted as they are read. */
function countedBody(length) {
  const body = { length, reads: 0, released: 0, left: length };
  body.read = (most) => {
    body.reads += 1;
    const size = Math.min(most, body.left);
    body.left -= size;
    return Buffer.alloc(size, 'x');
  };
  body.release = () => {
    body.released += 1;
  };
  return body;
}

/** A client that reads nothing until it is resumed, of an answer with this length. */
async function slowClient(length, idleTimeoutMs = 60_000) {
  const body = countedBody(length);
  let sent;
  const server = http.createServer((request, response) => {
    sent = sendBody(request, response, body, idleTimeoutMs);
  });
  const { port } = await serving(server);
  const socket = net.connect(port, '127.0.0.1').pause();
  socket.write('GET /get?soul=a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  await once(server, 'request');
  return { body, socket, sent: () => sent };
}

const LENGTH = 64 * 1024 * 1024;

test('reads only what the client takes', async () => {
  const { body, socket, sent } = await slowClient(LENGTH);
  let received = 0;
  let mostAhead = 0;
  for await (const chunk of socket) {
    // The server has several turns for each chunk; beyond the system's own buffers it must not use them.
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    received += chunk.length;
    mostAhead = Math.max(mostAhead, LENGTH - body.left - received);
    if (body.left > 0) expect(body.released).toBe(0);
  }
  await sent();
  expect(mostAhead).toBeGreaterThan(0);
  expect(mostAhead).toBeLessThan(LENGTH / 2);
  expect(body).toMatchObject({ left: 0, released: 1 });
  expect(received).toBeGreaterThan(LENGTH);
});

test('a client that leaves in the middle frees the record', async () => {
  const { body, socket, sent } = await slowClient(LENGTH);
  socket.destroy();
  await sent();
  expect(body.released).toBe(1);
  expect(body.left).toBeGreaterThan(0);
});

test('a client that takes nothing for too long is disconnected and frees the record', async () => {
  const { body, socket, sent } = await slowClient(LENGTH, 20);
  await sent();
  expect(body.released).toBe(1);
  socket.resume();
  await once(socket, 'close');
});

test('a record that cannot be read is half an answer, and freed', async () => {
  const body = countedBody(LENGTH);
  body.read = () => {
    throw new Error('gone');
  };
  let sent;
  const { ask } = await serving(http.createServer((request, response) => {
    sent = sendBody(request, response, body, 1000).catch(() => response.destroy());
  }));
  await expect(ask('/get?soul=a')).rejects.toThrow(/hang up|aborted/);
  await sent;
  expect(body.released).toBe(1);
});
