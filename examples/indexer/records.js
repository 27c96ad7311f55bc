'use strict';

/** Fields of a record's data that hold the souls of other records. */
const FIELDS_OF_SOULS = ['exercises', 'meals', 'equipment', 'ingredients'];

const indexSoul = (recordType) => `index:${recordType}`;

/**
 * The records of a type, with those that they name in their places, `resolveDepth` levels deep. A named record that is
 * missing leaves its soul. Throws where a record could not be had.
 */
async function findRecords(gun, { recordType, resolveDepth, limit }) {
  const souls = await indexOf(gun, recordType);
  const wanted = souls.slice(0, limit);
  const found = (await unfailed(gun.getRecords(wanted))).map((record, at) => record && { soul: wanted[at], ...record });
  const records = found.filter((record) => record !== null);
  await resolve(gun, records, resolveDepth);
  return { recordType, total: souls.length, records };
}

/** The souls of a type. No index is no records yet; one that holds no list is a failure of the relay's. */
async function indexOf(gun, recordType) {
  const soul = indexSoul(recordType);
  const [index] = await unfailed(gun.getRecords([soul]));
  if (index === null) return [];
  if (index.data && Array.isArray(index.data.souls)) return index.data.souls;
  throw Object.assign(new Error(`the record ${soul} has no list of souls`), { status: 502 });
}

/** One `getRecords` for all that a level names, however many name it. */
async function resolve(gun, records, depth) {
  const places = depth === 0 ? [] : records.flatMap(placesOf);
  if (places.length === 0) return;
  const named = await unfailed(gun.getRecords(places.map(({ soul }) => soul)));
  places.forEach(({ list, at, soul }, index) => {
    if (named[index] !== null) list[at] = { soul, ...named[index] };
  });
  await resolve(gun, named.filter((record) => record !== null), depth - 1);
}

function placesOf({ data }) {
  const lists = FIELDS_OF_SOULS.map((field) => data && data[field]).filter(Array.isArray);
  return lists.flatMap((list) => list.map((soul, at) => ({ list, at, soul }))).filter(({ soul }) => typeof soul === 'string');
}

async function unfailed(call) {
  const answers = await call;
  const failed = answers.find((answer) => answer instanceof Error);
  if (failed) throw failed;
  return answers;
}

module.exports = { findRecords, indexSoul };
