'use strict';

const { startFaultRelay } = require('../faults/relay');
const wire = require('../faults/wire');

/** How souls are answered, by how they begin. */
const KINDS = {
  found: (exchange) => exchange.answer(wire.record({ list: Array(50).fill('text'), é: '🏋️' })),
  gone: (exchange) => exchange.answer(wire.missing()),
  bad: (exchange) => exchange.answer(wire.sized('400 Bad Request', '{}')),
  resets: (exchange) => exchange.reset(),
  stalls: () => {},
};

/** A relay that answers each soul as its first word says. */
function startRelay() {
  return startFaultRelay(({ soul }) => KINDS[soul.split(' ', 1)[0]]);
}

module.exports = { startRelay };
