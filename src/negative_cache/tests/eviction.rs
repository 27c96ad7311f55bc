//! Eviction: never much worse than an exact LRU, and expired entries first.

use super::traces::{self, Trace};
use super::*;
use lru::LruCache;
use proptest::prelude::*;
use std::num::NonZeroUsize;

/// The contract's: points of the hit rate that an exact LRU may be ahead.
const POINTS: f64 = 1.0;

fn request(cache: &NegativeCache, soul: u64, now: Instant) -> bool {
    let soul = soul.to_string();
    let is_hit = cache.knows(&soul, now);
    if !is_hit {
        cache.remember(&soul, now);
    }
    is_hit
}

fn request_lru(lru: &mut LruCache<u64, ()>, soul: u64) -> bool {
    let is_hit = lru.get(&soul).is_some();
    if !is_hit {
        lru.put(soul, ());
    }
    is_hit
}

/// The hits of the cache and of an exact LRU. At any time the hit rate until then must not be a point below, and the
/// counters must add up.
fn compare(capacity: usize, name: &str, trace: &[u64]) -> (usize, usize) {
    let (cache, now) = cache(capacity);
    let mut lru = LruCache::new(NonZeroUsize::new(capacity).unwrap());
    let (mut hits, mut lru_hits) = (0, 0);
    for (&soul, requests) in trace.iter().zip(1..) {
        hits += usize::from(request(&cache, soul, now));
        lru_hits += usize::from(request_lru(&mut lru, soul));
        let points = (lru_hits as f64 - hits as f64) * 100.0 / f64::from(requests);
        assert!(
            points <= POINTS,
            "{name}, capacity {capacity}: {points:.2} points below LRU after {requests} requests"
        );
        assert!(balance(&cache) as usize == cache.size() && cache.size() <= capacity);
    }
    assert_eq!(cache.size(), lru.len());
    (hits, lru_hits)
}

#[test]
fn on_no_kind_of_trace_is_the_hit_rate_a_point_below_an_exact_lru_at_any_time() {
    for capacity in [1, 2, 3, 10, 100, 500] {
        for percent in [10, 30, 50, 90, 100, 110, 300] {
            for Trace { name, souls } in traces::all(capacity, percent, 7) {
                compare(capacity, &format!("{name} of {percent}%"), &souls);
            }
        }
    }
}

#[test]
fn a_cache_of_many_entries_does_as_well() {
    for percent in [50, 100] {
        for Trace { name, souls } in traces::all(20_000, percent, 7) {
            compare(20_000, &format!("{name} of {percent}%"), &souls[..souls.len() / 5]);
        }
    }
}

/// The worst that 0.1 did: with the cache full, a working set of a tenth was never kept.
#[test]
fn a_loop_of_up_to_half_the_capacity_hits_always_from_the_third_round_on_whatever_was_before() {
    for capacity in [2, 10, 1_000, 20_000] {
        let random = &mut fastrand::Rng::with_seed(7);
        let befores = [
            vec![],
            traces::scan(2 * capacity),
            traces::with_scans(traces::zipf(capacity, 0.9, 4 * capacity, random), 1, 1),
            traces::drift(capacity, 4 * capacity, random),
            traces::cycle(3 * capacity, 6 * capacity),
        ];
        for (before, kind) in befores.iter().zip(0..) {
            for souls in [capacity / 20, capacity / 10, capacity / 2].into_iter().filter(|&souls| souls > 0) {
                let (cache, now) = cache(capacity);
                for &soul in before {
                    request(&cache, soul, now);
                }
                let other_souls = 1_u64 << 50;
                for round in 1..=5 {
                    let hits = (0..souls as u64).filter(|soul| request(&cache, soul + other_souls, now)).count();
                    assert!(round < 3 || hits == souls, "{capacity}, {kind}: {hits} of {souls} in round {round}");
                }
            }
        }
    }
}

#[test]
fn a_scan_does_not_push_out_what_is_read() {
    let random = &mut fastrand::Rng::with_seed(7);
    let trace = traces::with_scans(traces::zipf(1_000, 0.9, 100_000, random), 1, 1);
    let (hits, lru_hits) = compare(1_000, "half scan", &trace);
    assert!(hits > lru_hits * 110 / 100, "{hits} hits, LRU {lru_hits}");
}

proptest! {
    #[test]
    fn nor_is_it_on_any_other_trace(capacity in 1_usize..40, trace in pieces()) {
        compare(capacity, "any", &trace);
    }

    #[test]
    fn the_counters_add_up_and_a_remembered_soul_is_known_whatever_is_done(
        capacity in 1_usize..20,
        steps in prop::collection::vec((0_u8..7, 0_u64..40, 0_u64..4_000), 1..300),
    ) {
        let start = Instant::now();
        let cache = NegativeCache::new(CachePolicy { first_ttl: TTL / 8, ..policy(capacity) }, start);
        let mut now = start;
        for (step, soul, ms) in steps {
            let soul = soul.to_string();
            match step {
                0 => _ = cache.look_up(&soul, now),
                1 | 2 => {
                    cache.remember(&soul, now);
                    prop_assert!(cache.knows(&soul, now));
                }
                3 => {
                    cache.remember_for(&soul, Duration::from_millis(ms), now);
                    prop_assert_eq!(cache.knows(&soul, now), ms > 0);
                }
                4 => {
                    cache.forget(&soul, now);
                    prop_assert!(!cache.knows(&soul, now));
                }
                5 => now += Duration::from_millis(ms),
                _ => match ms % 40 {
                    0 => _ = cache.forget_all(now),
                    1 => _ = cache.forget_learned(now),
                    _ => prop_assert_eq!(cache.sweep(now).remain, cache.entries(now).len()),
                },
            }
            prop_assert!(cache.size() <= capacity);
            prop_assert_eq!(balance(&cache), cache.size() as u64);
        }
    }
}

/// Loops, scans and random draws from small sets of souls, one after the other.
fn pieces() -> impl Strategy<Value = Vec<u64>> {
    let piece =
        (0_u64..60, 1_u64..60, 1_usize..400, any::<u64>(), 0_u8..3).prop_map(|(first, souls, requests, seed, kind)| {
            let random = &mut fastrand::Rng::with_seed(seed);
            let soul = |request: usize| match kind {
                0 => first + request as u64 % souls,
                1 => first + random.u64(0..souls),
                _ => seed % 1_000 * 1_000_000 + request as u64,
            };
            (0..requests).map(soul).collect::<Vec<_>>()
        });
    prop::collection::vec(piece, 1..30).prop_map(|pieces| pieces.concat())
}

#[test]
fn expired_entries_are_evicted_before_live_ones() {
    let (cache, now) = cache(100);
    let (short, later) = (TTL / 2, now + TTL / 2);
    // The live ones are the oldest: any order of use would have them go first.
    for soul in 0..50 {
        cache.remember(&format!("live {soul}"), now);
    }
    for soul in 0..50 {
        cache.remember_for(&format!("expired {soul}"), short, now);
        assert!(cache.knows(&format!("expired {soul}"), now));
    }
    for soul in 0..50 {
        cache.remember(&format!("new {soul}"), later);
    }
    assert!((0..50).all(|soul| cache.knows(&format!("live {soul}"), later)));
    let counts = cache.counts();
    assert_eq!((counts.evictions.load(Relaxed), counts.expirations.load(Relaxed)), (0, 50));
    cache.remember("one more", later);
    assert_eq!(counts.evictions.load(Relaxed), 1);
    assert_eq!((cache.size(), balance(&cache)), (100, 100));
}
