//! Mirrors: recently read entries that JavaScript answers without a call into the addon.
//!
//! A mirror belongs to one JavaScript thread. The thread keeps the entries that it is offered and answers from them while
//! `generation` is unchanged. The generation changes under the cache's lock whenever an entry is removed or its lifetime
//! changes, so a read that begins after an invalidation has returned never gets the old answer. A mirror does not read the
//! clock: it is offered only entries that live much longer than a [`LEASE`], and drops everything when the lease ends. Only with
//! a shared store it does, because this process may have been frozen while others invalidated: see `trusted_until`.
//!
//! Its reads count like all others. It logs the place of each entry that it read, and the log is processed under the lock
//! before any other access to the entries. When the log is full or a stats line is due, the thread calls the addon.

use super::NegativeCache;
use super::entries::{Entries, Moment};
use super::list::Index;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::time::Duration;
use tokio::time::Instant;

/// Longest time that a mirror keeps an entry.
pub const LEASE: Duration = Duration::from_secs(5);

/// Minimum remaining lifetime of an entry that is offered. The difference from [`LEASE`] is how late the end may be noticed.
pub const MIN_LIFE: Duration = Duration::from_secs(10);

/// Reads that fit into the log; a power of two, because their count wraps around.
pub const LOG_LENGTH: usize = 256;

/// Value of `offered` if there is no entry to keep.
pub const NOTHING: u32 = u32::MAX;

/// Memory shared by the cache and one JavaScript thread.
#[derive(Debug)]
#[repr(C)]
pub struct Mirror {
    /// Until when the thread may answer, in milliseconds since the cache was made, as the bits of an `f64`: infinite without a
    /// shared store, 0 while it is off.
    pub trusted_until: AtomicU64,
    /// Changes when something that was offered is no longer valid.
    pub generation: AtomicU32,
    /// Reads answered. Only JavaScript writes it, and the log.
    pub reads: AtomicU32,
    /// The count of reads at which JavaScript has to call.
    pub limit: AtomicU32,
    /// 0 if JavaScript wants no offers.
    pub wanted: AtomicU32,
    /// The place of the entry that the last call read, or [`NOTHING`].
    pub offered: AtomicU32,
    /// The generation in which that call began.
    pub offered_in: AtomicU32,
    /// Places of the entries read, at the count of reads modulo [`LOG_LENGTH`].
    pub log: [AtomicU32; LOG_LENGTH],
}

impl Mirror {
    fn new(trusted_until: f64) -> Self {
        Self {
            trusted_until: AtomicU64::new(trusted_until.to_bits()),
            generation: AtomicU32::new(0),
            reads: AtomicU32::new(0),
            limit: AtomicU32::new(0),
            wanted: AtomicU32::new(0),
            offered: AtomicU32::new(NOTHING),
            offered_in: AtomicU32::new(0),
            log: [const { AtomicU32::new(0) }; LOG_LENGTH],
        }
    }

    /// Offers the entry that a call has read to its thread, if that accepts offers. `began_in` is the generation before the
    /// lookup.
    pub fn offer(&self, place: impl FnOnce() -> Option<Index>, began_in: u32) {
        let place = if self.wanted.load(Relaxed) == 0 { None } else { place() };
        self.offered.store(place.unwrap_or(NOTHING), Relaxed);
        self.offered_in.store(began_in, Relaxed);
    }

    /// Allows this many further reads before the thread must call, limited by the room in the log. All earlier reads must
    /// have been processed.
    pub fn allow(&self, reads: u64) {
        let reads = reads.min(LOG_LENGTH as u64) as u32;
        self.limit.store(self.reads.load(Relaxed).wrapping_add(reads), Relaxed);
    }
}

/// All mirrors of a cache.
#[derive(Debug)]
pub struct Mirrors {
    all: Vec<Mirrored>,
    trusted_until: f64,
    /// A lease is running: mirrors will be emptied within [`LEASE`].
    pub is_leased: bool,
}

#[derive(Debug)]
struct Mirrored {
    mirror: Arc<Mirror>,
    /// Reads processed.
    seen: u32,
}

impl Default for Mirrors {
    fn default() -> Self {
        Self { all: Vec::new(), trusted_until: f64::INFINITY, is_leased: false }
    }
}

impl Mirrors {
    /// Adds a mirror.
    pub fn add(&mut self) -> Arc<Mirror> {
        let mirror = Arc::new(Mirror::new(self.trusted_until));
        self.all.push(Mirrored { mirror: Arc::clone(&mirror), seen: 0 });
        mirror
    }

    /// Removes the mirror of a thread that has ended. Its reads must have been processed.
    pub fn remove(&mut self, mirror: &Arc<Mirror>) {
        self.all.retain(|other| !Arc::ptr_eq(&other.mirror, mirror));
    }

    /// Empties every mirror.
    pub fn forget(&self) {
        for Mirrored { mirror, .. } in &self.all {
            mirror.generation.fetch_add(1, Release);
        }
    }

    /// Applies the reads since the last time to the entries. `on_read` gets each read, with the entry if it still exists.
    pub fn work_off(&mut self, entries: &mut Entries, mut on_read: impl FnMut(&mut Entries, Option<Index>)) {
        for Mirrored { mirror, seen } in &mut self.all {
            let reads = mirror.reads.load(Acquire);
            while *seen != reads {
                let place = mirror.log[*seen as usize % LOG_LENGTH].load(Relaxed);
                *seen = seen.wrapping_add(1);
                // An entry that was removed while another thread read it may have left its place to another one.
                let index = Some(place).filter(|&place| entries.has_entry_at(place));
                on_read(entries, index);
            }
        }
    }

    /// Every mirror.
    pub fn iter(&self) -> impl Iterator<Item = &Mirror> {
        self.all.iter().map(|Mirrored { mirror, .. }| &**mirror)
    }
}

impl NegativeCache {
    /// Adds a mirror for a JavaScript thread; `None` if no entry lives long enough to be offered.
    pub fn add_mirror(&self) -> Option<Arc<Mirror>> {
        if self.policy.ttl < MIN_LIFE {
            return None;
        }
        let mirror = self.lock()?.guard.mirrors.add();
        self.has_mirrors.store(true, Relaxed);
        Some(mirror)
    }

    /// Removes the mirror of a thread that has ended.
    pub fn remove_mirror(&self, mirror: &Arc<Mirror>) {
        if let Some(mut entries) = self.lock() {
            entries.guard.mirrors.remove(mirror);
        }
    }

    /// The place of the soul's entry if mirrors may answer from it, and whether this begins a [`LEASE`]. When the lease ends,
    /// [`NegativeCache::forget_mirrored`] must be called.
    pub fn to_mirror(&self, soul: &str, now: Instant) -> Option<(Index, bool)> {
        let good_until = self.moment(now) + MIN_LIFE.as_millis() as Moment;
        let mut entries = self.lock()?;
        let index = entries.find(soul.as_bytes())?;
        let life = entries.life(index);
        if life.ends < good_until || life.refresh_from < good_until {
            return None;
        }
        Some((index, !std::mem::replace(&mut entries.guard.mirrors.is_leased, true)))
    }

    /// Empties all mirrors.
    pub fn forget_mirrored(&self) {
        if let Some(mut entries) = self.lock() {
            entries.guard.mirrors.is_leased = false;
            entries.guard.mirrors.forget();
        }
    }

    /// Sets until when mirrors may answer; `None` forbids it.
    pub fn trust_mirrors(&self, until: Option<Instant>) {
        let until = until.map_or(0.0, |until| self.mirror_time(until));
        if let Some(mut entries) = self.lock() {
            let mirrors = &mut entries.guard.mirrors;
            mirrors.trusted_until = until;
            mirrors.iter().for_each(|mirror| mirror.trusted_until.store(until.to_bits(), Relaxed));
        }
    }

    /// A moment as mirrors have it.
    pub fn mirror_time(&self, moment: Instant) -> f64 {
        moment.saturating_duration_since(self.epoch).as_secs_f64() * 1e3
    }

    /// Sets how many further reads every mirror may answer: `allowed` computes it from the reads that mirrors answered so far.
    pub fn allow_mirrored<T>(&self, allowed: impl FnOnce(u64) -> (T, u64)) -> T {
        let entries = if self.has_mirrors.load(Relaxed) { self.lock() } else { None };
        let (result, reads) = allowed(self.counts.mirrored_hits.load(Relaxed));
        if let Some(entries) = entries {
            entries.guard.mirrors.iter().for_each(|mirror| mirror.allow(reads));
        }
        result
    }
}
