'use strict';

/** Types of records that the registry has an index for; a node stores few of them. */
const RECORD_TYPES = [
  'workout', 'exercise', 'mealPlan', 'meal', 'recipe', 'equipment', 'ingredient',
  'image', 'video', 'audio', 'text', 'post', 'person', 'organization', 'location', 'event', 'product', 'book', 'song',
  'album', 'movie', 'photo', 'article', 'comment', 'review', 'course', 'lesson', 'quiz', 'goal', 'habit', 'journal',
  'measurement', 'sleep', 'medication', 'appointment', 'task', 'note',
];

const indexSoul = (recordType) => `oip:registry:index:${recordType}`;

/** Which records there are: an index for each type, with an entry for each record. */
class Registry {
  constructor(gun) {
    this.gun = gun;
  }

  async register(soul, recordType) {
    await this.gun.putSimple({ [soul]: { soul, recordType } }, indexSoul(recordType));
  }

  /** The souls of all registered records. */
  async discover() {
    const souls = [];
    for (const recordType of RECORD_TYPES) {
      const index = await this.gun.getRecord(indexSoul(recordType));
      // GUN stores an entry as a node of its own, so the index holds references to entries.
      for (const entry of Object.values(index || {})) if (entry && entry.soul) souls.push(entry.soul);
    }
    return souls;
  }
}

module.exports = { RECORD_TYPES, Registry, indexSoul };
