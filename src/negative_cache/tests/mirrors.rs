//! Mirrors: when they must forget, and that their reads count as any others.

use super::*;
use crate::negative_cache::mirror::{LOG_LENGTH, MIN_LIFE, NOTHING};
use std::sync::Arc;

/// A thread that reads through a mirror as `lib/recent.js` does, but remembers a place only while it is asked to.
struct Reader<'c> {
    cache: &'c NegativeCache,
    mirror: Arc<Mirror>,
    place: u32,
    generation: u32,
}

impl<'c> Reader<'c> {
    /// Remembers a soul, which must be one that the cache offers.
    fn of(cache: &'c NegativeCache, soul: &str, now: Instant) -> Self {
        let mirror = cache.add_mirror().expect("a capacity");
        let generation = mirror.generation.load(Relaxed);
        mirror.wanted.store(1, Relaxed);
        mirror.offer(|| cache.to_mirror(soul, now).map(|(place, _)| place), generation);
        let place = mirror.offered.load(Relaxed);
        assert_ne!(place, NOTHING, "{soul} is offered");
        mirror.allow(u64::MAX);
        Self { cache, mirror, place, generation }
    }

    fn may_answer(&self) -> bool {
        self.mirror.generation.load(Relaxed) == self.generation
    }

    fn read(&self) {
        assert!(self.may_answer());
        let reads = self.mirror.reads.load(Relaxed);
        assert_ne!(reads, self.mirror.limit.load(Relaxed), "the log has room");
        self.mirror.log[reads as usize % LOG_LENGTH].store(self.place, Relaxed);
        self.mirror.reads.store(reads.wrapping_add(1), Relaxed);
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.cache.remove_mirror(&self.mirror);
    }
}

const HOUR: Duration = Duration::from_secs(3_600);

fn cache_of(capacity: usize) -> (NegativeCache, Instant) {
    let now = Instant::now();
    let policy = CachePolicy { capacity, ttl: HOUR, first_ttl: HOUR, refresh: true };
    (NegativeCache::new(policy, now), now)
}

#[test]
fn a_mirror_forgets_when_an_entry_goes_or_gets_another_life_and_not_when_one_comes() {
    type Change = fn(&NegativeCache, Instant);
    let changes: [(&str, Change, bool); 9] = [
        ("forget", |cache, now| _ = cache.forget("b", now), true),
        ("forget_all", |cache, now| _ = cache.forget_all(now), true),
        ("forget_learned", |cache, now| _ = cache.forget_learned(now), true),
        ("a read of an expired entry", |cache, now| _ = cache.look_up("b", now + HOUR), true),
        ("a sweep", |cache, now| _ = cache.sweep(now + HOUR), true),
        ("an eviction", |cache, now| (0..3).for_each(|soul| _ = cache.remember(&soul.to_string(), now)), true),
        ("another life", |cache, now| _ = cache.remember("b", now), true),
        ("a new entry", |cache, now| _ = cache.remember("c", now), false),
        ("forgetting what is unknown", |cache, now| _ = cache.forget("c", now), false),
    ];
    for (name, change, forgets) in changes {
        let (cache, now) = cache_of(4);
        cache.remember("a", now);
        cache.remember_for("b", HOUR, now);
        let reader = Reader::of(&cache, "a", now);
        assert!(reader.may_answer());
        change(&cache, now);
        assert_eq!(!reader.may_answer(), forgets, "{name}");
    }
}

#[test]
fn what_ends_soon_or_is_to_be_refreshed_soon_is_not_offered() {
    let (cache, now) = cache_of(4);
    cache.remember("a", now);
    let offered = |at| cache.to_mirror("a", at).is_some();
    let refresh_from = now + HOUR - HOUR / 10;
    assert!(offered(refresh_from - MIN_LIFE));
    assert!(!offered(refresh_from - MIN_LIFE + Duration::from_millis(1)));
    // Once the refresh was asked for, up to the end.
    assert_eq!(cache.look_up("a", refresh_from), Lookup::KnownRefresh);
    assert!(offered(now + HOUR - MIN_LIFE));
    assert!(!offered(now + HOUR - MIN_LIFE + Duration::from_millis(1)));
    assert_eq!(cache.to_mirror("b", now), None, "unknown");
}

#[test]
fn there_is_no_mirror_where_it_would_be_offered_nothing() {
    let with = |capacity, ttl| {
        let policy = CachePolicy { capacity, ttl, first_ttl: ttl, refresh: true };
        NegativeCache::new(policy, Instant::now()).add_mirror().is_some()
    };
    assert!(with(1, MIN_LIFE));
    assert!(!with(1, MIN_LIFE - Duration::from_millis(1)));
    assert!(!with(0, MIN_LIFE));
}

#[test]
fn a_lease_begins_once_until_all_is_forgotten() {
    let (cache, now) = cache_of(4);
    cache.remember("a", now);
    let begins = || cache.to_mirror("a", now).map(|(_, begins)| begins);
    assert_eq!([begins(), begins()], [Some(true), Some(false)]);
    let reader = Reader::of(&cache, "a", now);
    cache.forget_mirrored();
    assert!(!reader.may_answer());
    assert_eq!(begins(), Some(true));
}

#[test]
fn reads_through_a_mirror_keep_an_entry_from_being_evicted_as_any_others_do() {
    let (cache, now) = cache_of(2);
    cache.remember("a", now);
    cache.look_up("a", now);
    cache.remember("b", now);
    cache.look_up("b", now);
    let reader = Reader::of(&cache, "a", now);
    reader.read();
    cache.remember("c", now);
    assert!(cache.knows("a", now));
    assert!(!cache.knows("b", now));
}

#[test]
fn reads_are_counted_once_each_those_of_a_removed_mirror_too() {
    let (cache, now) = cache_of(4);
    cache.remember_for("a", HOUR, now);
    let counted = || {
        cache.size();
        [&cache.counts().mirrored_hits, &cache.counts().learned_hits].map(|count| count.load(Relaxed))
    };
    let reader = Reader::of(&cache, "a", now);
    reader.read();
    reader.read();
    assert_eq!(counted(), [2, 2]);
    assert_eq!(counted(), [2, 2]);
    reader.read();
    drop(reader);
    assert_eq!(counted(), [3, 3]);
    let limit = |allowed| {
        let reader = Reader::of(&cache, "a", now);
        cache.allow_mirrored(|reads| ((), allowed + reads));
        reader.mirror.limit.load(Relaxed)
    };
    assert_eq!((limit(0), limit(7), limit(1_000_000)), (3, 10, LOG_LENGTH as u32), "as far as the log has room");
}

#[test]
fn a_place_that_is_free_or_none_at_all_is_no_read_of_an_entry() {
    let (cache, now) = cache_of(4);
    cache.remember("a", now);
    let mut reader = Reader::of(&cache, "a", now);
    reader.read();
    reader.place = 1_000;
    reader.read();
    // As when another thread invalidates between the look at the generation and the note in the log.
    reader.generation = reader.generation.wrapping_add(1);
    cache.forget("a", now);
    reader.read();
    assert_eq!(cache.size(), 0);
    assert_eq!(cache.counts().mirrored_hits.load(Relaxed), 3);
}

#[test]
fn mirrors_are_trusted_for_ever_without_a_shared_store_and_otherwise_until_it_says() {
    let (cache, now) = cache_of(4);
    let until = |mirror: &Mirror| f64::from_bits(mirror.trusted_until.load(Relaxed));
    let first = cache.add_mirror().expect("a capacity");
    assert_eq!(until(&first), f64::INFINITY);
    cache.trust_mirrors(None);
    assert_eq!(until(&first), 0.0);
    cache.trust_mirrors(Some(now + Duration::from_millis(1_500)));
    let second = cache.add_mirror().expect("a capacity");
    assert_eq!((until(&first), until(&second)), (1_500.0, 1_500.0));
    assert_eq!(cache.mirror_time(now + Duration::from_micros(1_499_250)), 1_499.25);
}
