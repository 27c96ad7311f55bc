'use strict';

const catalogue = require('../faults/catalogue');
const wire = require('../faults/wire');
const { Random } = require('../../helpers/random');

/** Faults that take as long as a thousand others, and are therefore rare. */
const SLOW = /end|megabyte|flood|thousand/;
const HONEST_DELAY_MS = 25;

const FAULTS = ['LOST', 'CUT', 'SLOW', 'GARBAGE', 'TOO_LARGE'].flatMap((kind) => Object.entries(catalogue[kind]));
for (const [name, [, fault]] of Object.entries(catalogue.STATUS)) FAULTS.push([name, fault]);
const CHEAP = FAULTS.filter(([name]) => !SLOW.test(name)).map(([, fault]) => fault);
const ALL = FAULTS.map(([, fault]) => fault);

/** The answers of a relay with this model's records: the current state, or, with probability `level`, a fault. */
function faultPlan(seed, model) {
  const counts = { faults: 0, honest: 0 };
  const answer = ({ soul, attempt }) => {
    const random = new Random(seed, soul, attempt);
    // A redirect may have led to a soul that no caller requests.
    if (!model.has(soul)) return catalogue.STATUS['a wrong path'][1];
    if (random.chance(answer.level)) {
      counts.faults += 1;
      return random.pick(random.chance(0.02) ? ALL : CHEAP);
    }
    counts.honest += 1;
    return honest(model, soul, random);
  };
  answer.level = 0;
  answer.counts = counts;
  return answer;
}

function honest(model, soul, random) {
  const delay = random.chance(0.5) ? 0 : random.between(1, HONEST_DELAY_MS);
  const way = random.weighted({ whole: 80, chunked: 10, pieces: 5, close: 5 });
  return (exchange) => {
    if (delay === 0) send(exchange, way, model.state(soul), soul);
    else exchange.later(delay, () => send(exchange, way, model.state(soul), soul));
  };
}

function send(exchange, way, version, soul) {
  const [status, body] =
    version === null ? ['404 Not Found', wire.MISSING] : ['200 OK', JSON.stringify({ success: true, data: { soul, version } })];
  switch (way) {
    case 'chunked':
      return exchange.answer(wire.chunked(status, body.slice(0, 9), body.slice(9)));
    case 'pieces': {
      const bytes = wire.sized(status, body);
      return exchange.drip([bytes.subarray(0, 20), bytes.subarray(20, 60), bytes.subarray(60)], 2);
    }
    case 'close':
      return exchange.end(wire.message(status, [], body));
    default:
      return exchange.answer(wire.sized(status, body));
  }
}

module.exports = { faultPlan };
