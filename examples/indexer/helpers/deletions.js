'use strict';

const DELETED = 'oip:deleted:records';

/** Which records were deleted: one index with an entry for each. */
class DeletionRegistry {
  constructor(gun) {
    this.gun = gun;
  }

  async markDeleted(soul) {
    await this.gun.putSimple({ [soul]: { soul, deletedAt: Date.now() } }, DELETED);
  }

  async isDeleted(soul) {
    const index = await this.gun.getRecord(DELETED);
    if (index === null || !index[soul]) return false;
    const entry = await this.gun.getRecord(`${DELETED}/${soul}`);
    return entry !== null && Boolean(entry.deletedAt);
  }

  /** Those of the souls that were not deleted. */
  async withoutDeleted(souls) {
    const kept = [];
    for (const soul of souls) {
      if (!(await this.isDeleted(soul))) kept.push(soul);
    }
    return kept;
  }
}

module.exports = { DeletionRegistry };
