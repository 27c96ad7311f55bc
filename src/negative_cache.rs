//! Souls that the relay said it has no record of: bounded in entries, each with a life that is checked on every read.
//!
//! quick_cache bounds and evicts; it has no notion of a life, so the entry carries the moment it was made.

use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Lifecycle, OptionsBuilder, UnitWeighter};
use smallvec::SmallVec;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::Instant;

/// Entries to a shard. The capacity is exact where one shard will do; a larger cache is split, so that a sweep holds
/// one part of it at a time and a reader waits for well under a millisecond.
const ENTRIES_PER_SHARD: usize = 16_384;

/// Milliseconds since the cache was made.
type Moment = u64;

/// Souls known to be missing. All methods may be called from any thread.
#[derive(Debug)]
pub struct NegativeCache {
    /// `None` when the capacity is 0.
    entries: Option<Entries>,
    capacity: usize,
    ttl: Duration,
    epoch: Instant,
    counts: Arc<Counts>,
}

/// A soul's bytes, within the entry where they are as few as most souls have: an allocation for each would lie among those
/// of requests that come and go, and keep their pages from being used again (see docs/performance.md).
type Soul = SmallVec<[u8; 48]>;

type Entries = Cache<Soul, Moment, UnitWeighter, DefaultHashBuilder, CountEvictions>;

/// What became of entries: `inserts - evictions - expirations - invalidations` is the size.
#[derive(Debug, Default)]
pub struct Counts {
    /// Souls remembered that were not; one whose life begins anew is the same entry.
    pub inserts: AtomicU64,
    /// Pushed out by newer entries.
    pub evictions: AtomicU64,
    /// Found past their life, by a read or a sweep.
    pub expirations: AtomicU64,
    /// Forgotten on request, or because the relay has the record now.
    pub invalidations: AtomicU64,
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
    /// A cache of at most `capacity` entries that live for `ttl`; `epoch` is what their ages are counted from.
    pub fn new(capacity: usize, ttl: Duration, epoch: Instant) -> Self {
        let counts = Arc::new(Counts::default());
        let entries = (capacity > 0).then(|| {
            let options = OptionsBuilder::new()
                .estimated_items_capacity(capacity)
                .weight_capacity(capacity as u64)
                .shards(capacity.div_ceil(ENTRIES_PER_SHARD))
                // A ghost is a key seen lately and evicted; to know it again is not worth its memory here.
                .ghost_allocation(0.0)
                .build()
                .expect("both capacities are set");
            let lifecycle = CountEvictions(Arc::clone(&counts));
            Cache::with_options(options, UnitWeighter, DefaultHashBuilder::default(), lifecycle)
        });
        Self { entries, capacity, ttl, epoch, counts }
    }

    /// Whether the soul is known to be missing. An entry past its life is removed and does not count.
    pub fn knows(&self, soul: &str, now: Instant) -> bool {
        let Some(entries) = &self.entries else {
            return false;
        };
        let Some(made) = entries.get(soul.as_bytes()) else {
            return false;
        };
        if self.is_alive(made, now) {
            return true;
        }
        // Only this very entry: another thread may have made a new one.
        if entries.remove_if(soul.as_bytes(), |other| *other == made).is_some() {
            self.counts.expirations.fetch_add(1, Relaxed);
        }
        false
    }

    /// Remembers that the soul is missing, from `now` on; whether anything is remembered here.
    pub fn remember(&self, soul: &str, now: Instant) -> bool {
        let Some(entries) = &self.entries else {
            return false;
        };
        let removed = entries.remove(soul.as_bytes());
        let is_renewed = removed.as_ref().is_some_and(|(_, made)| self.is_alive(*made, now));
        entries.insert(soul.as_bytes().into(), self.moment(now));
        if !is_renewed {
            self.counts.expirations.fetch_add(removed.is_some().into(), Relaxed);
            self.counts.inserts.fetch_add(1, Relaxed);
        }
        true
    }

    /// Forgets the soul; whether it was known to be missing.
    pub fn forget(&self, soul: &str, now: Instant) -> bool {
        let removed = self.entries.as_ref().and_then(|entries| entries.remove(soul.as_bytes()));
        removed.is_some_and(|(_, made)| self.count_removed(made, now))
    }

    /// Forgets every soul; how many were known to be missing.
    pub fn forget_all(&self, now: Instant) -> usize {
        let Some(entries) = &self.entries else { return 0 };
        entries.drain().filter(|(_, made)| self.count_removed(*made, now)).count()
    }

    /// Removes the entries past their life. Readers on other threads wait for one shard at most.
    pub fn sweep(&self, now: Instant) -> Swept {
        let removed = AtomicU64::new(0);
        if let Some(entries) = &self.entries {
            entries.retain(|_, made| {
                let alive = self.is_alive(*made, now);
                removed.fetch_add(u64::from(!alive), Relaxed);
                alive
            });
        }
        let removed = removed.into_inner();
        self.counts.expirations.fetch_add(removed, Relaxed);
        Swept { removed: removed as usize, remain: self.size() }
    }

    /// Entries now, those past their life included until a read or a sweep finds them.
    pub fn size(&self) -> usize {
        self.entries.as_ref().map_or(0, Cache::len)
    }

    /// Most entries.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Life of an entry.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// What became of the entries so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Counts a removed entry for what it was; whether it was alive.
    fn count_removed(&self, made: Moment, now: Instant) -> bool {
        let alive = self.is_alive(made, now);
        let counter = if alive { &self.counts.invalidations } else { &self.counts.expirations };
        counter.fetch_add(1, Relaxed);
        alive
    }

    fn is_alive(&self, made: Moment, now: Instant) -> bool {
        u128::from(self.moment(now).saturating_sub(made)) < self.ttl.as_millis()
    }

    fn moment(&self, now: Instant) -> Moment {
        now.saturating_duration_since(self.epoch).as_millis() as Moment
    }
}

#[derive(Debug, Clone)]
struct CountEvictions(Arc<Counts>);

impl Lifecycle<Soul, Moment> for CountEvictions {
    type RequestState = ();

    fn on_evict(&self, _state: &mut (), _soul: Soul, _made: Moment) {
        self.0.evictions.fetch_add(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(10);

    fn cache(capacity: usize) -> (NegativeCache, Instant) {
        let now = Instant::now();
        (NegativeCache::new(capacity, TTL, now), now)
    }

    fn balance(cache: &NegativeCache) -> u64 {
        let counts = cache.counts();
        let gone = [&counts.evictions, &counts.expirations, &counts.invalidations];
        counts.inserts.load(Relaxed) - gone.iter().map(|count| count.load(Relaxed)).sum::<u64>()
    }

    #[test]
    fn an_entry_is_known_until_its_life_ends_even_when_no_sweep_comes() {
        let (cache, start) = cache(10);
        cache.remember("a", start);
        assert!(cache.knows("a", start + TTL - Duration::from_millis(1)));
        assert!(!cache.knows("a", start + TTL));
        assert_eq!(cache.size(), 0);
        assert_eq!(cache.counts().expirations.load(Relaxed), 1);
    }

    #[test]
    fn a_soul_remembered_again_lives_anew_and_is_one_entry_until_its_life_has_ended() {
        let (cache, start) = cache(10);
        let counts = || [&cache.counts().inserts, &cache.counts().expirations].map(|count| count.load(Relaxed));
        cache.remember("a", start);
        cache.remember("a", start + TTL / 2);
        assert!(cache.knows("a", start + TTL));
        assert_eq!((cache.size(), counts(), balance(&cache)), (1, [1, 0], 1));
        cache.remember("a", start + 2 * TTL);
        assert_eq!((cache.size(), counts(), balance(&cache)), (1, [2, 1], 1));
    }

    #[test]
    fn small_capacities_are_exact_and_evictions_are_counted() {
        for capacity in [1, 2, 3, 100, ENTRIES_PER_SHARD] {
            let (cache, now) = cache(capacity);
            for soul in 0..capacity {
                cache.remember(&soul.to_string(), now);
            }
            assert_eq!(cache.size(), capacity);
            assert!((0..capacity).all(|soul| cache.knows(&soul.to_string(), now)));
            for soul in 0..50 {
                cache.remember(&format!("more {soul}"), now);
            }
            assert_eq!(cache.size(), capacity);
            assert_eq!(cache.counts().evictions.load(Relaxed), 50);
            assert_eq!(balance(&cache), capacity as u64);
        }
    }

    #[test]
    fn a_capacity_of_0_remembers_nothing() {
        let (cache, now) = cache(0);
        cache.remember("a", now);
        assert!(!cache.knows("a", now));
        assert_eq!((cache.size(), cache.forget_all(now)), (0, 0));
    }

    #[test]
    fn forgetting_tells_what_was_known_and_an_expired_entry_was_not() {
        let (cache, start) = cache(10);
        for soul in ["a", "b", "c"] {
            cache.remember(soul, start);
        }
        assert!(cache.forget("a", start));
        assert!(!cache.forget("a", start));
        assert!(!cache.forget("b", start + TTL));
        cache.remember("d", start + TTL);
        assert_eq!(cache.forget_all(start + TTL), 1);
        assert_eq!(balance(&cache), 0);
        assert_eq!(cache.counts().invalidations.load(Relaxed), 2);
    }

    #[test]
    fn a_sweep_removes_the_expired_and_leaves_the_rest() {
        let (cache, start) = cache(100_000);
        for soul in 0..30_000 {
            let made = if soul % 3 == 0 { start } else { start + TTL / 2 };
            cache.remember(&soul.to_string(), made);
        }
        let swept = cache.sweep(start + TTL);
        assert_eq!((swept.removed, swept.remain), (10_000, 20_000));
        assert_eq!(cache.sweep(start + TTL).removed, 0);
        assert_eq!(balance(&cache), 20_000);
    }

    #[test]
    fn a_split_cache_stays_within_its_capacity() {
        let capacity = 5 * ENTRIES_PER_SHARD;
        let (cache, now) = cache(capacity);
        for soul in 0..3 * capacity {
            cache.remember(&soul.to_string(), now);
        }
        assert!(cache.size() <= capacity, "{}", cache.size());
        assert!(cache.size() > capacity * 9 / 10, "{}", cache.size());
    }
}
