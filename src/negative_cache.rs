//! Souls that the relay has no record of: bounded in entries, each with a life that is checked on every read.

mod entries;
mod list;
mod mirror;

pub use mirror::{LEASE, LOG_LENGTH, Mirror};

use entries::{Entries, Life, Moment, Pushed};
use list::Index;
use mirror::Mirrors;
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter};
use std::hash::BuildHasher;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Entries handled with the lock held once, where all are gone through: a reader waits for well under a millisecond.
const ENTRIES_AT_ONCE: usize = 256;

/// Part of its TTL that an entry has left when a read causes a refresh.
const REFRESH_IN_LAST: u64 = 10;

/// Size and TTL of a negative cache.
#[derive(Debug, Clone)]
pub struct CachePolicy {
    /// Most entries; 0 turns the cache off.
    pub capacity: usize,
    /// Longest life of an entry.
    pub ttl: Duration,
    /// Life after a soul's first 404. It doubles with each further 404 up to `ttl`.
    pub first_ttl: Duration,
    /// Whether reads in the last tenth of an entry's life ask for a refresh.
    pub refresh: bool,
}

/// What the cache knows of a soul.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// Nothing.
    Unknown,
    /// The relay has no record of it.
    Known,
    /// The same, and it was read in the last tenth of its TTL for the first time: refresh it now.
    KnownRefresh,
}

/// Souls known to be missing. All methods may be called from any thread.
#[derive(Debug)]
pub struct NegativeCache {
    policy: CachePolicy,
    epoch: Instant,
    /// `None` when the capacity is 0.
    contents: Option<Mutex<Contents>>,
    /// Whether there is a mirror, or was.
    has_mirrors: AtomicBool,
    /// 404s of each soul, by its hash: they outlive the entries. `None` when every life is the same.
    streaks: Option<Streaks>,
    hasher: DefaultHashBuilder,
    counts: Counts,
}

type Streaks = Cache<u64, u32>;

/// What became of entries: `inserts - evictions - expirations - invalidations` is the size.
#[derive(Debug, Default)]
pub struct Counts {
    /// Souls remembered that were not; one whose life begins anew is the same entry.
    pub inserts: AtomicU64,
    /// Pushed out by newer entries.
    pub evictions: AtomicU64,
    /// Found past their life, by a read, an insertion or a sweep.
    pub expirations: AtomicU64,
    /// Forgotten on request, or because the relay has the record now.
    pub invalidations: AtomicU64,
    /// Reads of entries that were learned from a store.
    pub learned_hits: AtomicU64,
    /// Reads that mirrors answered. Exact right after anything was done with the entries on the same thread.
    pub mirrored_hits: AtomicU64,
}

/// What the lock protects.
#[derive(Debug)]
struct Contents {
    entries: Entries,
    mirrors: Mirrors,
}

/// The entries, locked. Mirrors hear of what changed before the lock is released.
struct Locked<'c> {
    guard: MutexGuard<'c, Contents>,
    /// The entries' when they were locked.
    version: u64,
}

impl Deref for Locked<'_> {
    type Target = Entries;

    fn deref(&self) -> &Entries {
        &self.guard.entries
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Entries {
        &mut self.guard.entries
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if self.guard.entries.version() != self.version {
            self.guard.mirrors.forget();
        }
    }
}

/// What a sweep did.
#[derive(Debug, PartialEq, Eq)]
pub struct Swept {
    /// Entries that were past their life.
    pub removed: usize,
    /// Entries left.
    pub remain: usize,
}

impl NegativeCache {
    /// An empty cache; `epoch` is what its time is counted from.
    pub fn new(policy: CachePolicy, epoch: Instant) -> Self {
        let CachePolicy { capacity, ttl, first_ttl, .. } = policy;
        Self {
            epoch,
            contents: (capacity > 0)
                .then(|| Mutex::new(Contents { entries: Entries::new(capacity), mirrors: Mirrors::default() })),
            has_mirrors: AtomicBool::new(false),
            streaks: (capacity > 0 && first_ttl < ttl).then(|| streaks(capacity)),
            hasher: DefaultHashBuilder::default(),
            counts: Counts::default(),
            policy,
        }
    }

    /// Whether the soul is known to be missing. An entry past its life is removed and does not count. Each entry's life
    /// has at most one [`Lookup::KnownRefresh`].
    pub fn look_up(&self, soul: &str, now: Instant) -> Lookup {
        self.look_up_among(soul, true, now)
    }

    /// The same among the entries that the relay's own answers left: what was learned from a store does not count.
    pub fn look_up_own(&self, soul: &str, now: Instant) -> Lookup {
        self.look_up_among(soul, false, now)
    }

    fn look_up_among(&self, soul: &str, with_learned: bool, now: Instant) -> Lookup {
        let (Some(mut entries), now) = (self.lock(), self.moment(now)) else {
            return Lookup::Unknown;
        };
        let Some(index) = entries.find(soul.as_bytes()) else {
            return Lookup::Unknown;
        };
        let life = entries.life(index);
        if life.ends <= now {
            entries.remove_at(index);
            self.counts.expirations.fetch_add(1, Relaxed);
            return Lookup::Unknown;
        }
        if life.is_learned && !with_learned {
            return Lookup::Unknown;
        }
        let lookup = if life.refresh_from <= now { Lookup::KnownRefresh } else { Lookup::Known };
        if lookup == Lookup::KnownRefresh {
            life.refresh_from = Moment::MAX;
        }
        self.note_read(&mut entries, index);
        lookup
    }

    /// Remembers a 404: the soul is missing from `now` on. Returns for how long, if anything is remembered here.
    pub fn remember(&self, soul: &str, now: Instant) -> Option<Duration> {
        let mut life = self.policy.ttl;
        if let Some(streaks) = &self.streaks {
            let key = self.hash(soul);
            let before = streaks.get(&key).unwrap_or(0);
            let times = 2u32.saturating_pow(before);
            life = life.min(self.policy.first_ttl.saturating_mul(times));
            streaks.insert(key, before.saturating_add(1));
        }
        self.store(soul, life, false, now).then_some(life)
    }

    /// Remembers for `life`, at most the TTL, what a store knows. It does not count as a further 404. Returns whether
    /// anything is remembered here.
    pub fn remember_for(&self, soul: &str, life: Duration, now: Instant) -> bool {
        self.store(soul, life.min(self.policy.ttl), true, now)
    }

    /// Forgets the soul, its earlier 404s too; whether it was known to be missing.
    pub fn forget(&self, soul: &str, now: Instant) -> bool {
        if let Some(streaks) = &self.streaks {
            streaks.remove(&self.hash(soul));
        }
        let Some(mut entries) = self.lock() else { return false };
        entries.remove(soul.as_bytes()).is_some_and(|life| self.count_removed(life, self.moment(now)))
    }

    /// Forgets every soul; how many were known to be missing.
    pub fn forget_all(&self, now: Instant) -> usize {
        if let Some(streaks) = &self.streaks {
            streaks.clear();
        }
        let Some(mut entries) = self.lock() else { return 0 };
        let now = self.moment(now);
        let forgotten = std::mem::replace(&mut *entries, Entries::new(self.policy.capacity));
        entries.guard.mirrors.forget();
        let alive = forgotten.lives().filter(|&&life| self.count_removed(life, now)).count();
        drop(entries); // before the memory is given back
        alive
    }

    /// Forgets the souls learned from a store ([`Self::remember_for`]); how many were known to be missing.
    pub fn forget_learned(&self, now: Instant) -> usize {
        let now = self.moment(now);
        let mut alive = 0;
        self.for_slots(|entries, first| {
            let (found, has_more) = entries.in_slots(first, ENTRIES_AT_ONCE);
            let learned: Vec<_> = found.filter(|(_, _, life)| life.is_learned).map(|(index, ..)| index).collect();
            for index in learned {
                alive += usize::from(self.count_removed(*entries.life(index), now));
                entries.remove_at(index);
            }
            has_more
        });
        alive
    }

    /// Removes the entries past their life. Readers on other threads wait for a few entries at most.
    pub fn sweep(&self, now: Instant) -> Swept {
        let now = self.moment(now);
        let mut removed = 0;
        self.for_slots(|entries, _| {
            let expired = (0..ENTRIES_AT_ONCE).take_while(|_| entries.remove_expired(now)).count();
            self.counts.expirations.fetch_add(expired as u64, Relaxed);
            removed += expired;
            expired == ENTRIES_AT_ONCE
        });
        Swept { removed, remain: self.size() }
    }

    /// The live entries, each with what remains of its life. One that is forgotten and remembered meanwhile may be there
    /// twice.
    pub fn entries(&self, now: Instant) -> Vec<(Box<str>, Duration)> {
        let now = self.moment(now);
        let mut all = Vec::new();
        self.for_slots(|entries, first| {
            let (found, has_more) = entries.in_slots(first, ENTRIES_AT_ONCE);
            all.extend(found.filter(|(_, _, life)| life.ends > now).filter_map(|(_, soul, life)| {
                let soul = std::str::from_utf8(soul).ok()?;
                Some((soul.into(), Duration::from_millis(life.ends - now)))
            }));
            has_more
        });
        all
    }

    /// Entries now, those past their life included until a read, an insertion or a sweep finds them.
    pub fn size(&self) -> usize {
        self.lock().map_or(0, |entries| entries.len())
    }

    /// Most entries.
    pub fn capacity(&self) -> usize {
        self.policy.capacity
    }

    /// Longest life of an entry.
    pub fn ttl(&self) -> Duration {
        self.policy.ttl
    }

    /// What became of the entries so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    fn store(&self, soul: &str, life: Duration, is_learned: bool, now: Instant) -> bool {
        let (Some(mut entries), now) = (self.lock(), self.moment(now)) else {
            return false;
        };
        let ms = life.as_millis() as u64;
        let ends = now.saturating_add(ms);
        let refresh_from = if self.policy.refresh { ends - ms / REFRESH_IN_LAST } else { Moment::MAX };
        let life = Life { ends, refresh_from, is_learned };
        let found = entries.find(soul.as_bytes());
        if let Some(index) = found {
            if entries.life(index).ends > now {
                entries.renew(index, life);
                return true;
            }
            entries.remove_at(index);
            self.counts.expirations.fetch_add(1, Relaxed);
        }
        self.counts.inserts.fetch_add(1, Relaxed);
        match entries.insert(soul.as_bytes(), life, now) {
            Pushed::Nothing => {}
            Pushed::Expired => _ = self.counts.expirations.fetch_add(1, Relaxed),
            Pushed::Live => _ = self.counts.evictions.fetch_add(1, Relaxed),
        }
        true
    }

    /// Goes through the slots, some with each lock: `visit` gets the first of them and says whether there are more.
    fn for_slots(&self, mut visit: impl FnMut(&mut Entries, usize) -> bool) {
        let mut first = 0;
        while self.lock().is_some_and(|mut entries| visit(&mut entries, first)) {
            first += ENTRIES_AT_ONCE;
            // A lock that is taken again at once may leave others waiting for long.
            std::thread::yield_now();
        }
    }

    /// Counts a removed entry for what it was; whether it was alive.
    fn count_removed(&self, life: Life, now: Moment) -> bool {
        let is_alive = life.ends > now;
        let counter = if is_alive { &self.counts.invalidations } else { &self.counts.expirations };
        counter.fetch_add(1, Relaxed);
        is_alive
    }

    fn note_read(&self, entries: &mut Entries, index: Index) {
        if entries.life(index).is_learned {
            self.counts.learned_hits.fetch_add(1, Relaxed);
        }
        entries.touch(index);
    }

    fn lock(&self) -> Option<Locked<'_>> {
        let mut guard = self.contents.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let Contents { entries, mirrors } = &mut *guard;
        mirrors.work_off(entries, |entries, index| {
            self.counts.mirrored_hits.fetch_add(1, Relaxed);
            if let Some(index) = index {
                self.note_read(entries, index);
            }
        });
        let version = entries.version();
        Some(Locked { guard, version })
    }

    fn hash(&self, soul: &str) -> u64 {
        self.hasher.hash_one(soul)
    }

    fn moment(&self, now: Instant) -> Moment {
        now.saturating_duration_since(self.epoch).as_millis() as Moment
    }
}

/// Room for the 404s of as many souls as there are entries, and of half as many that were evicted.
fn streaks(capacity: usize) -> Streaks {
    let options = OptionsBuilder::new()
        .estimated_items_capacity(capacity)
        .weight_capacity(capacity as u64)
        .shards(1)
        .hot_allocation(0.7)
        .build()
        .expect("both capacities are set");
    Cache::with_options(
        options,
        UnitWeighter,
        DefaultHashBuilder::default(),
        quick_cache::sync::DefaultLifecycle::default(),
    )
}

#[cfg(test)]
mod tests;
