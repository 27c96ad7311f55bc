//! Mirrors: entries read lately, kept where a read costs no call into the addon.
//!
//! A mirror belongs to one JavaScript thread, which remembers the entries that it is offered and answers from them as long as
//! `generation` stays the same. It changes under the cache's lock whenever an entry goes or gets another life, so a read that
//! begins after an invalidation has returned never has the old answer. A mirror knows no time: it is offered only entries
//! that are good for much longer than a [`LEASE`], and forgets everything when that ends.
//!
//! Its reads count as any others. It logs the place of each entry that it read, and the log is worked off under the lock
//! before anything else is done with the entries. A full log, or a stats line that is due, makes the thread call.

use super::NegativeCache;
use super::entries::{Entries, Moment};
use super::list::Index;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::time::Duration;
use tokio::time::Instant;

/// Longest time that a mirror remembers something.
pub const LEASE: Duration = Duration::from_secs(5);

/// Least life of an entry that a mirror is offered. The difference to [`LEASE`] is how late its end may be noticed.
pub const MIN_LIFE: Duration = Duration::from_secs(10);

/// Reads that fit into the log; a power of two, because their count wraps around.
pub const LOG_LENGTH: usize = 256;

/// What `offered` is if there is no entry to remember.
pub const NOTHING: u32 = u32::MAX;

/// The memory that the cache and one JavaScript thread have in common.
#[derive(Debug)]
#[repr(C)]
pub struct Mirror {
    /// Changes when something that was offered may no longer be answered.
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
    fn new() -> Self {
        Self {
            generation: AtomicU32::new(0),
            reads: AtomicU32::new(0),
            limit: AtomicU32::new(0),
            wanted: AtomicU32::new(0),
            offered: AtomicU32::new(NOTHING),
            offered_in: AtomicU32::new(0),
            log: [const { AtomicU32::new(0) }; LOG_LENGTH],
        }
    }

    /// Offers what a call has read to the thread that called, if that wants it. `began_in` is the generation before the call
    /// looked.
    pub fn offer(&self, place: impl FnOnce() -> Option<Index>, began_in: u32) {
        let place = if self.wanted.load(Relaxed) == 0 { None } else { place() };
        self.offered.store(place.unwrap_or(NOTHING), Relaxed);
        self.offered_in.store(began_in, Relaxed);
    }

    /// Lets the mirror answer so many further reads before its thread has to call, as far as its log has room. All of its
    /// reads have been worked off.
    pub fn allow(&self, reads: u64) {
        let reads = reads.min(LOG_LENGTH as u64) as u32;
        self.limit.store(self.reads.load(Relaxed).wrapping_add(reads), Relaxed);
    }
}

/// All mirrors of a cache.
#[derive(Debug, Default)]
pub struct Mirrors {
    all: Vec<Mirrored>,
    /// What mirrors remember will be forgotten within [`LEASE`].
    pub is_leased: bool,
}

#[derive(Debug)]
struct Mirrored {
    mirror: Arc<Mirror>,
    /// Reads worked off.
    seen: u32,
}

impl Mirrors {
    /// Adds a mirror.
    pub fn add(&mut self) -> Arc<Mirror> {
        let mirror = Arc::new(Mirror::new());
        self.all.push(Mirrored { mirror: Arc::clone(&mirror), seen: 0 });
        mirror
    }

    /// Removes a mirror whose thread reads no more. Its reads have been worked off.
    pub fn remove(&mut self, mirror: &Arc<Mirror>) {
        self.all.retain(|other| !Arc::ptr_eq(&other.mirror, mirror));
    }

    /// Makes every mirror forget everything.
    pub fn forget(&self) {
        for Mirrored { mirror, .. } in &self.all {
            mirror.generation.fetch_add(1, Release);
        }
    }

    /// Does with the entries what the reads since the last time would have done; `on_read` is told of each, and of the
    /// entry if it is still there.
    pub fn work_off(&mut self, entries: &mut Entries, mut on_read: impl FnMut(&mut Entries, Option<Index>)) {
        for Mirrored { mirror, seen } in &mut self.all {
            let reads = mirror.reads.load(Acquire);
            while *seen != reads {
                let place = mirror.log[*seen as usize % LOG_LENGTH].load(Relaxed);
                *seen = seen.wrapping_add(1);
                // One that went while another thread read it has left its place, maybe to another entry.
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
    /// A mirror for a JavaScript thread; none if no entry lives long enough to be offered.
    pub fn add_mirror(&self) -> Option<Arc<Mirror>> {
        if self.policy.ttl < MIN_LIFE {
            return None;
        }
        let mirror = self.lock()?.guard.mirrors.add();
        self.has_mirrors.store(true, Relaxed);
        Some(mirror)
    }

    /// Removes the mirror of a thread that reads no more.
    pub fn remove_mirror(&self, mirror: &Arc<Mirror>) {
        if let Some(mut entries) = self.lock() {
            entries.guard.mirrors.remove(mirror);
        }
    }

    /// The place of the soul's entry if mirrors may answer from it, and whether that begins a [`LEASE`], at whose end
    /// [`NegativeCache::forget_mirrored`] has to be called.
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

    /// Makes all mirrors forget everything.
    pub fn forget_mirrored(&self) {
        if let Some(mut entries) = self.lock() {
            entries.guard.mirrors.is_leased = false;
            entries.guard.mirrors.forget();
        }
    }

    /// Lets every mirror answer as many further reads before its thread has to call as `allowed` makes of the reads that
    /// mirrors answered so far.
    pub fn allow_mirrored<T>(&self, allowed: impl FnOnce(u64) -> (T, u64)) -> T {
        let entries = if self.has_mirrors.load(Relaxed) { self.lock() } else { None };
        let (result, reads) = allowed(self.counts.mirrored_hits.load(Relaxed));
        if let Some(entries) = entries {
            entries.guard.mirrors.iter().for_each(|mirror| mirror.allow(reads));
        }
        result
    }
}
