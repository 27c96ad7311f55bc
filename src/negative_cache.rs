//! The negative cache: souls that the relay has no record of, bounded in entries, with a TTL that is checked on every read.

mod entries;
mod list;
mod locked;
mod mirror;

pub use mirror::{LEASE, LOG_LENGTH, Mirror};

use entries::{Entries, Life, Moment, Pushed};
use locked::{Contents, ENTRIES_AT_ONCE};
use mirror::Mirrors;
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter};
use std::hash::BuildHasher;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::Instant;

/// A read causes a refresh in the last tenth of the TTL.
const REFRESH_IN_LAST: u64 = 10;

/// Size and TTL of a negative cache.
#[derive(Debug, Clone)]
pub struct CachePolicy {
    /// Maximum entries; 0 turns the cache off.
    pub capacity: usize,
    /// TTL of an entry.
    pub ttl: Duration,
    /// TTL after a soul's first 404. It doubles with each further 404 up to `ttl`.
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
    /// The same, and this is the first read in the last tenth of its TTL: refresh it now.
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
    /// Number of 404s per soul, by its hash; kept longer than the entries. `None` if all TTLs are the same.
    streaks: Option<Streaks>,
    hasher: DefaultHashBuilder,
    counts: Counts,
}

type Streaks = Cache<u64, u32>;

/// Counters of entries: `inserts - evictions - expirations - invalidations` is the size.
#[derive(Debug, Default)]
pub struct Counts {
    /// New entries; renewing an entry does not count.
    pub inserts: AtomicU64,
    /// Evicted by newer entries.
    pub evictions: AtomicU64,
    /// Found expired by a read, an insertion or a sweep.
    pub expirations: AtomicU64,
    /// Removed on request, or because the relay has the record now.
    pub invalidations: AtomicU64,
    /// Reads of entries that were learned from a store.
    pub learned_hits: AtomicU64,
    /// Reads that mirrors answered. Exact right after anything was done with the entries on the same thread.
    pub mirrored_hits: AtomicU64,
}

/// Result of a sweep.
#[derive(Debug, PartialEq, Eq)]
pub struct Swept {
    /// Expired entries that were removed.
    pub removed: usize,
    /// Entries left.
    pub remain: usize,
}

impl NegativeCache {
    /// An empty cache, which counts time from `epoch`.
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

    /// Whether the soul is cached as missing. An expired entry is removed and does not count. [`Lookup::KnownRefresh`] is
    /// returned at most once per TTL of an entry.
    pub fn look_up(&self, soul: &str, now: Instant) -> Lookup {
        self.look_up_among(soul, true, now)
    }

    /// The same, but only for entries from the relay's own answers, not from a store.
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

    /// Adds an entry for a 404 at `now`. Returns its TTL, or `None` if the cache is off.
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

    /// Adds an entry learned from a store, for `life` but at most the TTL. It does not count as a further 404. Returns whether
    /// an entry was added.
    pub fn remember_for(&self, soul: &str, life: Duration, now: Instant) -> bool {
        self.store(soul, life.min(self.policy.ttl), true, now)
    }

    /// Forgets the soul and its earlier 404s; returns whether it was cached as missing.
    pub fn forget(&self, soul: &str, now: Instant) -> bool {
        if let Some(streaks) = &self.streaks {
            streaks.remove(&self.hash(soul));
        }
        let Some(mut entries) = self.lock() else { return false };
        entries.remove(soul.as_bytes()).is_some_and(|life| self.count_removed(life, self.moment(now)))
    }

    /// Forgets every soul; returns how many were cached as missing.
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

    /// Forgets the souls learned from a store ([`Self::remember_for`]); returns how many were cached as missing.
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

    /// Removes expired entries. Readers on other threads wait for a few entries at most.
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

    /// The live entries with their remaining TTLs. An entry that is removed and added again meanwhile may occur twice.
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

    /// Current entries, including expired ones that no read, insertion or sweep has found yet.
    pub fn size(&self) -> usize {
        self.lock().map_or(0, |entries| entries.len())
    }

    /// Maximum entries.
    pub fn capacity(&self) -> usize {
        self.policy.capacity
    }

    /// TTL of an entry.
    pub fn ttl(&self) -> Duration {
        self.policy.ttl
    }

    /// Counters so far.
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

    /// Counts a removed entry as invalidated or expired; returns whether it was alive.
    fn count_removed(&self, life: Life, now: Moment) -> bool {
        let is_alive = life.ends > now;
        let counter = if is_alive { &self.counts.invalidations } else { &self.counts.expirations };
        counter.fetch_add(1, Relaxed);
        is_alive
    }

    fn hash(&self, soul: &str) -> u64 {
        self.hasher.hash_one(soul)
    }

    fn moment(&self, now: Instant) -> Moment {
        now.saturating_duration_since(self.epoch).as_millis() as Moment
    }
}

/// Room for the counts of `capacity` souls with entries, and of half as many evicted ones.
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
