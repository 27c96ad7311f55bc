'use strict';

const { show } = require('../arguments');
const { GunClient, defaultClient, figuresOf } = require('../client');
const { invalidArgument } = require('../error');
const { FAMILIES } = require('./families');
const { prometheus } = require('./prometheus');

/** The clients of each registry, by name. */
const registered = new WeakMap();

/**
 * Adds the metrics of clients to a registry of prom-client: of the default client, of one client, or of several by name. Later
 * calls add clients; one with the same name replaces the earlier one.
 */
function registerMetrics(register, clients) {
  const { Counter, Gauge, register: globalRegister, FixedHistogram } = prometheus();
  const target = register === undefined ? globalRegister : register;
  if (!isRegister(target)) throw invalidArgument(`register must be a Registry of prom-client, got ${show(target)}`);
  const added = byName(clients);
  let sources = registered.get(target);
  // The registry was cleared: start again.
  if (sources === undefined || target.getSingleMetric(FAMILIES[0].name) === undefined) {
    sources = new Map();
    registered.set(target, sources);
    const kinds = { counter: Counter, gauge: Gauge, histogram: FixedHistogram };
    const read = reader(sources);
    for (const family of FAMILIES) define(kinds[family.kind], family, target, read);
  }
  for (const [name, client] of added) sources.set(name, client);
}

function isRegister(value) {
  return typeof value === 'object' && value !== null && typeof value.registerMetric === 'function';
}

/** The given clients as pairs of name and client; `undefined` means the default client, which is created on first use. */
function byName(clients) {
  if (clients === undefined || clients instanceof GunClient) return [['default', clients]];
  if (typeof clients !== 'object' || clients === null) {
    throw invalidArgument(`clients must be a GunClient or an object of them by name, got ${show(clients)}`);
  }
  const entries = Object.entries(clients);
  for (const [name, client] of entries) {
    if (!(client instanceof GunClient)) throw invalidArgument(`client ${name} must be a GunClient, got ${show(client)}`);
  }
  return entries;
}

/** Reads all clients once per scrape, so that all figures are from the same moment: prom-client collects them in one turn. */
function reader(sources) {
  let reading;
  return () => {
    if (reading === undefined) {
      reading = Array.from(sources, ([name, client]) => [name, figuresOf(client || defaultClient())]);
      Promise.resolve().then(() => {
        reading = undefined;
      });
    }
    return reading;
  };
}

/** Creates a metric whose values are read at each scrape. */
function define(Kind, { kind, name, help, read, label }, register, readAll) {
  const labelNames = label === undefined ? ['client'] : ['client', label];
  const collect = function () {
    this.reset();
    for (const [client, figures] of readAll()) {
      for (const [labels, value] of valuesOf(read(figures), label)) {
        const all = Object.assign({ client }, labels);
        if (kind === 'histogram') this.fill(all, value, figures.bounds);
        else if (kind === 'counter') this.inc(all, value);
        else this.set(all, value);
      }
    }
  };
  return new Kind({ name, help, labelNames, registers: [register], collect });
}

function valuesOf(value, label) {
  if (value === undefined) return [];
  if (label === undefined) return [[{}, value]];
  return Object.entries(value).map(([labelValue, count]) => [{ [label]: labelValue }, count]);
}

module.exports = { isRegister, registerMetrics };
