'use strict';

const native = require('./binary');
const { GunError, fromJson } = require('./error');
const { unwatch, watch } = require('./signals');

// The tags of src/binding/report.rs.
const FOUND = 0;
const MISSING = 1;
const FAILED = 2;
const BATCH = 3;
const LINE = 4;
const CLOSED = 5;

/** Calls that wait, by the id that the addon gave them. */
const pending = [];

/** Clients by the id that their log lines carry. Held weakly: what waits for an answer holds its client itself. */
const clients = new Map();
const collected = new FinalizationRegistry((id) => clients.delete(id));
let lastClientId = 0;

const port = new native.NativePort(settle);

/** A promise that waits for the addon. */
class Call {
  constructor(client, id, signal, resolve, reject) {
    this.client = client;
    this.id = id;
    this.signal = signal;
    this.resolve = resolve;
    this.reject = reject;
  }

  /** Leaves the call: the addon forgets it, and an answer already on its way goes nowhere. */
  abort() {
    pending[this.id] = undefined;
    const report = this.client.leave(this.id);
    if (report) settle(report);
    this.reject(this.signal.reason);
  }
}

/** Gives a client its id, and lines about it to `writeLine`. */
function register(client) {
  lastClientId += 1;
  clients.set(lastClientId, new WeakRef(client));
  collected.register(client, lastClientId);
  return lastClientId;
}

/** The promise of something that began in the addon: `begun` is an id, triples that settle it at once, or nothing. */
function promised(client, begun, signal) {
  if (begun === undefined) return Promise.resolve(null);
  return new Promise((resolve, reject) => {
    if (typeof begun === 'number') {
      const call = new Call(client, begun, signal, resolve, reject);
      pending[begun] = call;
      if (signal) watch(signal, call);
    } else {
      pending[0] = new Call(client, 0, undefined, resolve, reject);
      settle(begun);
    }
  });
}

/** Takes what the addon reports: triples of tag, id and body. */
function settle(report) {
  for (let at = 0; at < report.length; at += 3) {
    const tag = report[at];
    const id = report[at + 1];
    const body = report[at + 2];
    if (tag === LINE) {
      log(id, body);
      continue;
    }
    const call = pending[id];
    if (call === undefined) continue;
    pending[id] = undefined;
    if (call.signal) unwatch(call.signal, call);
    finish(call, tag, body);
  }
}

function finish(call, tag, body) {
  switch (tag) {
    case FOUND:
      finishWith(call, JSON.parse, body);
      break;
    case MISSING:
      call.resolve(null);
      break;
    case FAILED:
      call.reject(fromJson(JSON.parse(body)));
      break;
    case BATCH:
      finishWith(call, batchOf, body);
      break;
    case CLOSED:
      call.resolve(undefined);
      break;
  }
}

function finishWith(call, read, body) {
  let value;
  try {
    value = read(body);
  } catch (cause) {
    // Rust reads the same grammar; should the two ever differ, the call fails and the loop goes on.
    const message = 'the record is not JSON to this Node';
    call.reject(new GunError(message, { code: 'ERR_GUN_BAD_RESPONSE', attempts: 1, cause }));
    return;
  }
  call.resolve(value);
}

/** A batch's answers: the parts one after the other, with the failures put in their places. */
function batchOf([failures, first, ...more]) {
  const answers = JSON.parse(first);
  for (const part of more) {
    for (const answer of JSON.parse(part)) answers.push(answer);
  }
  if (failures !== null) {
    for (const [index, members] of JSON.parse(failures)) answers[index] = fromJson(members);
  }
  return answers;
}

/** A logger that throws is its owner's affair and breaks no call. */
function log(clientId, line) {
  const reference = clients.get(clientId);
  const client = reference && reference.deref();
  try {
    if (client) client.writeLine(line);
  } catch (thrown) {
    return;
  }
}

module.exports = { native, port, promised, register };
