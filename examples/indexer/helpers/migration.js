'use strict';

/** The form of records that this version writes. */
const VERSION = '0.8.0';

/** Brings records of older versions to the present form, one by one, at start-up. Returns how many were changed. */
async function migrate(gun, souls) {
  let changed = 0;
  for (const soul of souls) {
    const record = await gun.getRecord(soul);
    if (record === null || !record.oip || record.oip.version === VERSION) continue;
    await gun.putRecord({ ...record, oip: { ...record.oip, version: VERSION } }, soul);
    changed += 1;
  }
  return changed;
}

module.exports = { VERSION, migrate };
