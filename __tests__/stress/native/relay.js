'use strict';

const { startFaultRelay } = require('../faults/relay');
const wire = require('../faults/wire');

/** Answers by the first word of the soul. */
const KINDS = {
  found: (exchange) => exchange.answer(wire.record({ list: Array(50).fill('text'), é: '🏋️' })),
  gone: (exchange) => exchange.answer(wire.missing()),
  bad: (exchange) => exchange.answer(wire.sized('400 Bad Request', '{}')),
  resets: (exchange) => exchange.reset(),
  stalls: () => {},
};

/** Starts a relay that answers by the first word of the soul. */
function startRelay() {
  return startFaultRelay(({ soul }) => KINDS[soul.split(' ', 1)[0]]);
}

module.exports = { startRelay };
