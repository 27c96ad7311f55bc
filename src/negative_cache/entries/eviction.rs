//! Eviction.
//!
//! Expired entries are removed first. Otherwise the policy is LRU with one exception: an entry that has been read may be
//! *kept* beyond the point where LRU would evict it; the oldest entry that was never read is evicted instead. This protects
//! a working set from a scan. LRU might have done better, so the cache keeps score:
//!
//! - `recent` lists exactly the souls that an LRU cache of this capacity would hold, in its order. A soul that was evicted
//!   here but not by LRU stays in the list as a *ghost*.
//! - `kept` lists the entries that LRU would have evicted.
//! - `debt` is the number of hits that LRU would have had by now, minus the actual hits.
//!
//! A request for a ghost would have been a hit only with LRU; a request for a kept entry is a hit that LRU would not have
//! had. As long as no further unread entry is evicted, `debt + ghosts` cannot grow: a request for a ghost turns one ghost
//! into one of debt, and everything else leaves the sum as it is or lowers it. So unread entries are evicted only while the
//! sum is within [`ALLOWANCE`] of the requests, and **on any trace, at any time, the hits are at most that share of the
//! requests below those of an exact LRU.**
//!
//! The number of entries that may be kept adapts to which of the two kinds of hit occurs, between 1/64 and 1/4 of the
//! capacity.

use super::{Entries, Index, Place};

/// One hit fewer than LRU is acceptable per this many requests: half a point of the hit rate.
const ALLOWANCE: i64 = 200;

impl Entries {
    /// Makes a ghost an entry again. It counts as read, because it was requested while LRU would have had it.
    pub(super) fn revive(&mut self, index: Index) -> Index {
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
    pub(super) fn make_recent(&mut self, index: Index) {
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

    /// Removes from `recent` what LRU would evict.
    pub(super) fn trim(&mut self) {
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

    /// Evicts one entry when there are more than `capacity`. LRU has room for `capacity` souls, so at least one entry is kept.
    pub(super) fn evict(&mut self, newest: Index) {
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

    /// The unread entry to evict instead of the oldest kept one, if that is allowed.
    fn sacrifice(&self, oldest: Index, newest: Index) -> Option<Index> {
        let is_worth_it = !self.slots[oldest as usize].is_unread && self.kept.len() <= self.most_kept;
        let is_affordable = (self.debt + self.ghosts as i64 + 1) * ALLOWANCE <= self.requests;
        let unread = self.unread.last().filter(|&unread| unread != newest)?;
        let is_recent = self.slots[unread as usize].place == Place::Recent;
        (is_worth_it && is_affordable && is_recent).then_some(unread)
    }
}
