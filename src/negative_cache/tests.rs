//! Lives, counters and capacity. What is evicted has tests of its own.

mod eviction;
mod lives;
mod mirrors;
#[allow(dead_code, reason = "the trace benchmark uses all of it")]
mod traces;

use super::*;

const TTL: Duration = Duration::from_secs(10);

fn policy(capacity: usize) -> CachePolicy {
    CachePolicy { capacity, ttl: TTL, first_ttl: TTL, refresh: false }
}

fn cache(capacity: usize) -> (NegativeCache, Instant) {
    let now = Instant::now();
    (NegativeCache::new(policy(capacity), now), now)
}

impl NegativeCache {
    fn knows(&self, soul: &str, now: Instant) -> bool {
        self.look_up(soul, now) != Lookup::Unknown
    }
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
    for capacity in [1, 2, 3, 100, 20_000] {
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
