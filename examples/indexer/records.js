'use strict';

/** Fields of a record's data that hold the souls of other records. */
const FIELDS_OF_SOULS = ['exercises', 'meals', 'equipment', 'ingredients'];

/** The records of a type, with those that they name in their places, `resolveDepth` levels deep, all from memory. */
function findRecords(records, { recordType, resolveDepth, limit }) {
  const all = Array.from(records, ([soul, record]) => ({ soul, ...record })).filter(({ oip }) => oip && oip.recordType === recordType);
  return { recordType, total: all.length, records: all.slice(0, limit).map((record) => resolved(records, record, resolveDepth)) };
}

/** A copy of a record; what it names and is not there leaves its soul. */
function resolved(records, record, depth) {
  if (depth === 0 || !record.data) return record;
  const data = { ...record.data };
  for (const field of FIELDS_OF_SOULS.filter((name) => Array.isArray(data[name]))) {
    data[field] = data[field].map((soul) => (records.has(soul) ? resolved(records, { soul, ...records.get(soul) }, depth - 1) : soul));
  }
  return { ...record, data };
}

module.exports = { findRecords };
