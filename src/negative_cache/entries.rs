//! The entries of the negative cache, at most `capacity` of them, and which of them has to go.
//!
//! **Eviction.** Expired entries go first. Otherwise the policy is LRU with one liberty: an entry that has been read may
//! be *kept* beyond the point where LRU would evict it, at the expense of the oldest entry that was never read. That is
//! what protects a working set from a scan. It is also a bet that LRU might win, so the cache keeps account:
//!
//! - `recent` lists exactly the souls that an LRU cache of this capacity would hold, in its order. One that was evicted
//!   here in spite of that stays in the list as a *ghost*.
//! - `kept` lists the entries that LRU would have evicted.
//! - `debt` is the number of hits that LRU would have had by now, less the hits there were.
//!
//! A request for a ghost is a hit that only LRU would have had, one for a kept entry a hit that LRU would not have had.
//! As long as no further entry is sacrificed, `debt + ghosts` cannot grow: a request for a ghost moves one from the second
//! to the first, everything else leaves the sum or lowers it. So it is enough to sacrifice an entry only while the sum is
//! within [`ALLOWANCE`] of the requests, and **on any trace, at any time, the hits are at most that share of the
//! requests below those of an exact LRU.**
//!
//! How many entries may be kept adapts to which of the two kinds of hit is seen, between 1/64 and 1/4 of the capacity.

use super::list::{Index, Link, Links, List};
use hashbrown::HashTable;
use quick_cache::DefaultHashBuilder;
use smallvec::SmallVec;
use std::hash::BuildHasher;

/// Milliseconds since the cache was made.
pub type Moment = u64;

/// A soul's bytes, within the entry where they are as few as most souls have: an allocation for each would lie among those
/// of requests that come and go, and keep their pages from being used again (see docs/performance.md).
pub type Soul = SmallVec<[u8; 48]>;

/// Requests for one hit fewer than LRU that is acceptable: half a point of the hit rate.
const ALLOWANCE: i64 = 200;

/// Souls to a table. Tables that are full grow one by one: one of a million souls would take 0.1 s, with the lock held.
const SOULS_PER_TABLE: usize = 16_384;

/// Where a slot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nowhere; it can be used.
    Free,
    /// An entry that LRU would have too.
    Recent,
    /// An entry that LRU would have evicted.
    Kept,
    /// No entry: a soul that LRU would have.
    Ghost,
}

/// How long an entry lives, and why.
#[derive(Debug, Clone, Copy)]
pub struct Life {
    /// It is alive before this moment.
    pub ends: Moment,
    /// From this moment on a read should cause a refresh; [`Moment::MAX`] for never.
    pub refresh_from: Moment,
    /// Learned from a store, not from the relay.
    pub is_learned: bool,
}

#[derive(Debug)]
struct Slot {
    soul: Soul,
    life: Life,
    links: [Link; 2],
    /// Its place in the heap of those that expire.
    heap_at: u32,
    place: Place,
    is_unread: bool,
}

impl Links for Vec<Slot> {
    fn link(&mut self, index: Index, number: usize) -> &mut Link {
        &mut self[index as usize].links[number]
    }
}

/// What an insertion pushed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// There was room.
    Nothing,
    /// An entry past its life.
    Expired,
    /// A live entry.
    Live,
}

/// Entries by soul. Not to be confused with the souls in its lists: some of those are ghosts.
#[derive(Debug)]
pub struct Entries {
    capacity: usize,
    hasher: DefaultHashBuilder,
    tables: Box<[HashTable<Index>]>,
    slots: Vec<Slot>,
    free: List<0>,
    /// What an exact LRU of this capacity would have: entries and ghosts.
    recent: List<0>,
    /// Entries that it would not have, the one it would have evicted last at the front.
    kept: List<0>,
    /// Entries that have not been read, newest first.
    unread: List<1>,
    ghosts: usize,
    /// Every entry, as a binary heap: the first expires first.
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

    /// Entries now.
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

    /// Changes whenever an entry goes or gets another life.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The life of an entry.
    pub fn life(&mut self, index: Index) -> &mut Life {
        &mut self.slots[index as usize].life
    }

    /// Notes that an entry was read.
    pub fn touch(&mut self, index: Index) {
        self.requests += 1;
        self.make_recent(index);
        let slot = &mut self.slots[index as usize];
        if std::mem::take(&mut slot.is_unread) {
            self.unread.remove(&mut self.slots, index);
        }
    }

    /// Gives an entry a new life.
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

    /// Removes a soul's entry and returns its life; a ghost of it goes too.
    pub fn remove(&mut self, soul: &[u8]) -> Option<Life> {
        let index = self.search(soul)?;
        let is_entry = self.slots[index as usize].place != Place::Ghost;
        let life = self.slots[index as usize].life;
        self.remove_at(index);
        is_entry.then_some(life)
    }

    /// Removes one entry that is past its life, if there is one.
    pub fn remove_expired(&mut self, now: Moment) -> bool {
        let expired = self.heap.first().copied().filter(|&index| self.slots[index as usize].life.ends <= now);
        expired.inspect(|&index| self.remove_at(index)).is_some()
    }

    /// The lives of all entries.
    pub fn lives(&self) -> impl Iterator<Item = &Life> {
        self.heap.iter().map(|&index| &self.slots[index as usize].life)
    }

    /// The entries of some slots, and whether there are slots after those. An entry stays in its slot.
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

    /// hashbrown uses the lowest and the highest bits of a hash; these are from its middle.
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

    /// Makes a ghost an entry again. It counts as read: it was asked for while LRU would have had it.
    fn revive(&mut self, index: Index) -> Index {
        self.ghosts -= 1;
        self.debt += 1;
        self.most_kept = self.most_kept.saturating_sub(1).max(self.least_kept());
        self.slots[index as usize].place = Place::Recent;
        self.recent.move_to_front(&mut self.slots, index);
        index
    }

    fn least_kept(&self) -> usize {
        (self.capacity / 64).max(1).min(self.capacity / 4)
    }

    /// Moves an entry to the front of `recent`.
    fn make_recent(&mut self, index: Index) {
        if self.slots[index as usize].place == Place::Recent {
            return self.recent.move_to_front(&mut self.slots, index);
        }
        self.debt -= 1;
        self.most_kept = (self.most_kept + 1).min(self.capacity / 4);
        self.kept.remove(&mut self.slots, index);
        self.slots[index as usize].place = Place::Recent;
        self.recent.push_front(&mut self.slots, index);
        self.trim();
    }

    /// Takes from `recent` what LRU would evict.
    fn trim(&mut self) {
        if self.recent.len() <= self.capacity {
            return;
        }
        let Some(last) = self.recent.last() else { return };
        if self.slots[last as usize].place == Place::Ghost {
            return self.remove_at(last);
        }
        self.recent.remove(&mut self.slots, last);
        self.slots[last as usize].place = Place::Kept;
        self.kept.push_front(&mut self.slots, last);
    }

    /// Evicts one of more entries than there is room for. LRU has room for `capacity` souls, so one at least is kept.
    fn evict(&mut self, newest: Index) {
        let Some(oldest) = self.kept.last() else { return };
        match self.sacrifice(oldest, newest) {
            Some(unread) => {
                self.unread.remove(&mut self.slots, unread);
                let slot = &mut self.slots[unread as usize];
                slot.is_unread = false;
                slot.place = Place::Ghost;
                let heap_at = slot.heap_at as usize;
                self.leave_heap(heap_at);
                self.ghosts += 1;
            }
            None => self.remove_at(oldest),
        }
    }

    /// The entry that goes instead of the oldest kept one.
    fn sacrifice(&self, oldest: Index, newest: Index) -> Option<Index> {
        let is_worth_it = !self.slots[oldest as usize].is_unread && self.kept.len() <= self.most_kept;
        let is_affordable = (self.debt + self.ghosts as i64 + 1) * ALLOWANCE <= self.requests;
        let unread = self.unread.last().filter(|&unread| unread != newest)?;
        let is_recent = self.slots[unread as usize].place == Place::Recent;
        (is_worth_it && is_affordable && is_recent).then_some(unread)
    }

    /// Whatever ends an entry comes through here.
    fn leave_heap(&mut self, at: usize) {
        self.version += 1;
        self.heap.swap_remove(at);
        if at < self.heap.len() {
            self.slots[self.heap[at] as usize].heap_at = at as u32;
            self.sift(at);
        }
    }

    /// Moves what is at a place of the heap up or down to where it belongs.
    fn sift(&mut self, mut at: usize) {
        let ends = |entries: &Self, at: usize| entries.slots[entries.heap[at] as usize].life.ends;
        while at > 0 && ends(self, at) < ends(self, (at - 1) / 2) {
            self.swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
        loop {
            let children = 2 * at + 1..(2 * at + 3).min(self.heap.len());
            match children.min_by_key(|&child| ends(self, child)) {
                Some(child) if ends(self, child) < ends(self, at) => {
                    self.swap(at, child);
                    at = child;
                }
                _ => return,
            }
        }
    }

    fn swap(&mut self, one: usize, other: usize) {
        self.heap.swap(one, other);
        self.slots[self.heap[one] as usize].heap_at = one as u32;
        self.slots[self.heap[other] as usize].heap_at = other as u32;
    }
}
