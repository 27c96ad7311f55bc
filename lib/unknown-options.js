'use strict';

const { isObject, show } = require('./arguments');
const { native } = require('./dispatch');
const { distanceOf } = require('./closest');

/** The only option that native code does not read. */
const OWN_NAMES = ['logger'];
/** The option whose members may have any name. */
const OPEN_GROUP = 'headers';
/** Longer names are not compared: they are not misspellings, and it would take time. */
const MAX_COMPARED = 40;
const MAX_NAMED = 5;

let tree;

/** Options by group, with '' for those of the client itself: `{ cache: ['ttlMs', ...] }`. */
function options() {
  if (tree !== undefined) return tree;
  tree = new Map([['', new Set(OWN_NAMES)]]);
  for (const path of native.optionNames()) {
    const [name, inner] = path.split('.');
    tree.get('').add(name);
    if (inner === undefined) continue;
    if (!tree.has(name)) tree.set(name, new Set());
    tree.get(name).add(inner);
  }
  return tree;
}

/** Warns once about all unknown options of a client. */
function warnUnknown(given) {
  const unknown = unknownIn(given, '');
  if (unknown.length === 0) return;
  const named = unknown.slice(0, MAX_NAMED).map((path) => `${shown(path)}${hint(path, allPaths())}`);
  if (unknown.length > MAX_NAMED) named.push(`and ${unknown.length - MAX_NAMED} more`);
  const noun = unknown.length === 1 ? 'an option' : 'options';
  warn(`GunClient ignores ${noun} that it does not know: ${named.join(', ')}`);
}

/** Unknown names in calls so far: one warning each, up to a limit for programs that generate names. */
const ofCalls = new Set();
const MAX_OF_CALLS = 20;

/** Warns about an unknown option of a call. */
function warnUnknownOfCall(name, known) {
  if (ofCalls.has(name) || ofCalls.size === MAX_OF_CALLS) return;
  ofCalls.add(name);
  warn(`a call ignores an option that it does not know: ${shown(name)}${hint(name, known)}`);
}

function warn(message) {
  process.emitWarning(message, { code: 'GUN_UNKNOWN_OPTION' });
}

/** The paths of unknown options, except those with the value undefined. */
function unknownIn(given, group) {
  const known = options().get(group);
  return Object.keys(given).filter((name) => given[name] !== undefined).reduce((unknown, name) => {
    const value = given[name];
    const path = group === '' ? name : `${group}.${name}`;
    if (!known.has(name)) unknown.push(path);
    else if (group === '' && name !== OPEN_GROUP && options().has(name) && isObject(value)) unknown.push(...unknownIn(value, name));
    return unknown;
  }, []);
}

function shown(path) {
  return show(path).slice(1, -1);
}

function hint(path, known) {
  const meant = path.length <= MAX_COMPARED && closestOption(path, known);
  return meant ? ` (did you mean ${meant}?)` : '';
}

/** The option that was probably meant: in the same group, or in another one if its name is as similar. */
function closestOption(path, known) {
  let best;
  let least = Infinity;
  for (const option of known) {
    const distance = nearness(path, option);
    if (distance < least) [best, least] = [option, distance];
  }
  return best;
}

function allPaths() {
  const paths = [];
  for (const [group, names] of options()) {
    for (const name of names) paths.push(group === '' ? name : `${group}.${name}`);
  }
  return paths;
}

/** The distance of a name from an option; Infinity if it was probably not meant. */
function nearness(path, option) {
  const [given, known] = [plain(path), plain(option)];
  const [givenName, knownName] = [plain(lastOf(path)), plain(lastOf(option))];
  if (given === known) return 0;
  const isSameGroup = groupOf(path) === groupOf(option);
  const distance = distanceOf(givenName, knownName);
  const isPart = givenName.length >= 3 && (knownName.startsWith(givenName) || knownName.endsWith(givenName));
  const isNear = isPart || distance <= Math.max(1, Math.floor(givenName.length / 3));
  if (!isNear) return Infinity;
  return (isPart ? Math.min(distance, 2) : distance) + (isSameGroup ? 0 : 2.5);
}

/** Only letters and digits: `cacheTtlMs` means `cache.ttlMs`. */
function plain(name) {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

function lastOf(path) {
  return path.slice(path.lastIndexOf('.') + 1);
}

function groupOf(path) {
  return path.slice(0, Math.max(0, path.lastIndexOf('.')));
}

module.exports = { warnUnknown, warnUnknownOfCall };
