//! The entries of the negative cache, at most `capacity` of them, and which of them has to go.

mod eviction;
mod expiry;

use super::list::{Index, Link, Links, List};
use hashbrown::HashTable;
use quick_cache::DefaultHashBuilder;
use smallvec::SmallVec;
use std::hash::BuildHasher;

/// Milliseconds since the cache was made.
pub type Moment = u64;

/// A soul's bytes, inside the entry if they are as few as in most souls: an allocation per soul would lie between short-lived
/// ones of requests and keep their pages from being reused (see docs/performance.md).
pub type Soul = SmallVec<[u8; 48]>;

/// Souls per table. Full tables grow one at a time: growing a single table of a million souls would hold the lock for 0.1 s.
const SOULS_PER_TABLE: usize = 16_384;

/// State of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Unused.
    Free,
    /// An entry that LRU would also have.
    Recent,
    /// An entry that LRU would have evicted.
    Kept,
    /// Not an entry, but a soul that LRU would still have.
    Ghost,
}

/// Lifetime of an entry.
#[derive(Debug, Clone, Copy)]
pub struct Life {
    /// When it expires.
    pub ends: Moment,
    /// From when a read causes a refresh; [`Moment::MAX`] for never.
    pub refresh_from: Moment,
    /// Learned from a store, not from the relay.
    pub is_learned: bool,
}

#[derive(Debug)]
struct Slot {
    soul: Soul,
    life: Life,
    links: [Link; 2],
    /// Its index in the heap.
    heap_at: u32,
    place: Place,
    is_unread: bool,
}

impl Links for Vec<Slot> {
    fn link(&mut self, index: Index, number: usize) -> &mut Link {
        &mut self[index as usize].links[number]
    }
}

/// What an insertion removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// There was room.
    Nothing,
    /// An expired entry.
    Expired,
    /// A live entry.
    Live,
}

/// Entries by soul. The lists also contain ghosts, which are not entries.
#[derive(Debug)]
pub struct Entries {
    capacity: usize,
    hasher: DefaultHashBuilder,
    tables: Box<[HashTable<Index>]>,
    slots: Vec<Slot>,
    free: List<0>,
    /// What an exact LRU of this capacity would have: entries and ghosts.
    recent: List<0>,
    /// Entries that LRU would have evicted, the most recently evicted one at the front.
    kept: List<0>,
    /// Entries that have not been read, newest first.
    unread: List<1>,
    ghosts: usize,
    /// All entries as a binary heap; the first one expires first.
    heap: Vec<Index>,
    requests: i64,
    debt: i64,
    most_kept: usize,
    version: u64,
}

impl Entries {
    /// Room for `capacity` entries, which is at least 1.
    pub fn new(capacity: usize) -> Self {
        let tables = capacity.div_ceil(SOULS_PER_TABLE).next_power_of_two();
        Self {
            capacity,
            hasher: DefaultHashBuilder::default(),
            tables: (0..tables).map(|_| HashTable::new()).collect(),
            slots: Vec::new(),
            free: List::EMPTY,
            recent: List::EMPTY,
            kept: List::EMPTY,
            unread: List::EMPTY,
            ghosts: 0,
            heap: Vec::new(),
            requests: 0,
            debt: 0,
            most_kept: capacity / 8,
            version: 0,
        }
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// The entry of a soul.
    pub fn find(&self, soul: &[u8]) -> Option<Index> {
        self.search(soul).filter(|&index| self.slots[index as usize].place != Place::Ghost)
    }

    /// Whether there is an entry at this place.
    pub fn has_entry_at(&self, index: Index) -> bool {
        self.slots.get(index as usize).is_some_and(|slot| matches!(slot.place, Place::Recent | Place::Kept))
    }

    /// Changes whenever an entry goes or gets another lifetime.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The lifetime of an entry.
    pub fn life(&mut self, index: Index) -> &mut Life {
        &mut self.slots[index as usize].life
    }

    /// Records that an entry was read.
    pub fn touch(&mut self, index: Index) {
        self.requests += 1;
        self.make_recent(index);
        let slot = &mut self.slots[index as usize];
        if std::mem::take(&mut slot.is_unread) {
            self.unread.remove(&mut self.slots, index);
        }
    }

    /// Gives an entry a new lifetime.
    pub fn renew(&mut self, index: Index, life: Life) {
        self.version += 1;
        self.make_recent(index);
        self.slots[index as usize].life = life;
        let at = self.slots[index as usize].heap_at as usize;
        self.sift(at);
    }

    /// Adds a soul that has no entry.
    pub fn insert(&mut self, soul: &[u8], life: Life, now: Moment) -> Pushed {
        self.requests += 1;
        let mut pushed = Pushed::Nothing;
        if self.len() == self.capacity && self.remove_expired(now) {
            pushed = Pushed::Expired;
        }
        let index = match self.search(soul) {
            Some(ghost) => self.revive(ghost),
            None => self.add(soul),
        };
        self.slots[index as usize].life = life;
        self.slots[index as usize].heap_at = self.heap.len() as u32;
        self.heap.push(index);
        self.sift(self.heap.len() - 1);
        self.trim();
        if self.len() > self.capacity {
            self.evict(index);
            pushed = Pushed::Live;
        }
        pushed
    }

    /// Removes a soul's entry, or its ghost. Returns the lifetime of an entry.
    pub fn remove(&mut self, soul: &[u8]) -> Option<Life> {
        let index = self.search(soul)?;
        let is_entry = self.slots[index as usize].place != Place::Ghost;
        let life = self.slots[index as usize].life;
        self.remove_at(index);
        is_entry.then_some(life)
    }

    /// Removes one expired entry; returns whether there was one.
    pub fn remove_expired(&mut self, now: Moment) -> bool {
        let expired = self.heap.first().copied().filter(|&index| self.slots[index as usize].life.ends <= now);
        expired.inspect(|&index| self.remove_at(index)).is_some()
    }

    /// The lifetimes of all entries.
    pub fn lives(&self) -> impl Iterator<Item = &Life> {
        self.heap.iter().map(|&index| &self.slots[index as usize].life)
    }

    /// The entries in `count` slots from `first` on, and whether more slots follow. Entries do not move between slots.
    pub fn in_slots(&self, first: usize, count: usize) -> (impl Iterator<Item = (Index, &Soul, &Life)>, bool) {
        let end = (first + count).min(self.slots.len());
        let entries = self.slots[first.min(end)..end]
            .iter()
            .zip(first as Index..)
            .filter(|(slot, _)| matches!(slot.place, Place::Recent | Place::Kept))
            .map(|(slot, index)| (index, &slot.soul, &slot.life));
        (entries, end < self.slots.len())
    }

    /// Removes an entry, or a ghost.
    pub fn remove_at(&mut self, index: Index) {
        let slot = &self.slots[index as usize];
        let (place, is_unread, heap_at) = (slot.place, slot.is_unread, slot.heap_at as usize);
        match place {
            Place::Kept => self.kept.remove(&mut self.slots, index),
            _ => self.recent.remove(&mut self.slots, index),
        }
        if is_unread {
            self.unread.remove(&mut self.slots, index);
        }
        match place {
            Place::Ghost => self.ghosts -= 1,
            _ => self.leave_heap(heap_at),
        }
        let hash = self.hasher.hash_one(&*self.slots[index as usize].soul);
        if let Ok(found) = self.table(hash).find_entry(hash, |&other| other == index) {
            found.remove();
        }
        let slot = &mut self.slots[index as usize];
        *slot = Slot { soul: Soul::new(), place: Place::Free, is_unread: false, ..*slot };
        self.free.push_front(&mut self.slots, index);
    }

    /// The slot of a soul, entry or ghost.
    fn search(&self, soul: &[u8]) -> Option<Index> {
        let hash = self.hasher.hash_one(soul);
        let table = &self.tables[self.table_of(hash)];
        table.find(hash, |&index| *self.slots[index as usize].soul == *soul).copied()
    }

    fn table(&mut self, hash: u64) -> &mut HashTable<Index> {
        &mut self.tables[self.table_of(hash)]
    }

    /// Uses bits from the middle of the hash, because hashbrown uses the lowest and the highest.
    fn table_of(&self, hash: u64) -> usize {
        (hash >> 32) as usize & (self.tables.len() - 1)
    }

    /// Puts a new soul at the front of `recent`, unread.
    fn add(&mut self, soul: &[u8]) -> Index {
        let slot = Slot {
            soul: soul.into(),
            life: Life { ends: 0, refresh_from: 0, is_learned: false },
            links: [Link::ALONE; 2],
            heap_at: 0,
            place: Place::Recent,
            is_unread: true,
        };
        let index = match self.free.last() {
            Some(index) => {
                self.free.remove(&mut self.slots, index);
                self.slots[index as usize] = slot;
                index
            }
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as Index
            }
        };
        let hash = self.hasher.hash_one(soul);
        let (hasher, slots) = (&self.hasher, &self.slots);
        let table = &mut self.tables[(hash >> 32) as usize & (self.tables.len() - 1)];
        table.insert_unique(hash, index, |&other| hasher.hash_one(&*slots[other as usize].soul));
        self.recent.push_front(&mut self.slots, index);
        self.unread.push_front(&mut self.slots, index);
        index
    }
}
