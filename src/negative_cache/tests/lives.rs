//! TTLs of entries: doubling, refresh-ahead, entries from a store.

use super::*;

const FIRST: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

fn doubling(capacity: usize) -> (NegativeCache, Instant) {
    let now = Instant::now();
    (NegativeCache::new(CachePolicy { first_ttl: FIRST, ..policy(capacity) }, now), now)
}

fn refreshing() -> (NegativeCache, Instant) {
    let now = Instant::now();
    (NegativeCache::new(CachePolicy { refresh: true, ..policy(10) }, now), now)
}

/// Whether an entry made at `now` lives for exactly this time.
fn lives_for(cache: &NegativeCache, now: Instant, life: Duration) -> bool {
    cache.knows("a", now + life - MS) && !cache.knows("a", now + life)
}

#[test]
fn the_life_doubles_with_each_404_up_to_the_ttl_though_the_entry_had_expired() {
    let (cache, mut now) = doubling(10);
    for seconds in [1, 2, 4, 8, 10, 10, 10] {
        cache.remember("a", now);
        assert!(lives_for(&cache, now, Duration::from_secs(seconds)), "{seconds} s");
        assert_eq!(cache.size(), 0);
        now += Duration::from_secs(60);
    }
}

#[test]
fn a_404_before_the_entry_expires_renews_and_doubles_it_too() {
    let (cache, now) = doubling(10);
    cache.remember("a", now);
    cache.remember("a", now + FIRST / 2);
    assert!(lives_for(&cache, now + FIRST / 2, 2 * FIRST));
}

#[test]
fn a_soul_that_is_forgotten_begins_anew_alone_or_with_all() {
    let (cache, now) = doubling(10);
    for forget in [true, false] {
        cache.remember("a", now);
        cache.remember("a", now);
        assert!(if forget { cache.forget("a", now) } else { cache.forget_all(now) == 1 });
        cache.remember("a", now);
        assert!(lives_for(&cache, now, FIRST));
        cache.forget("a", now);
    }
}

#[test]
fn many_404s_do_not_overflow() {
    let (cache, now) = doubling(10);
    for _ in 0..100 {
        cache.remember("a", now);
    }
    assert!(lives_for(&cache, now, TTL));
}

#[test]
fn the_404s_of_ever_new_souls_take_bounded_memory() {
    let (cache, now) = doubling(100);
    for soul in 0..10_000 {
        cache.remember(&soul.to_string(), now);
    }
    let streaks = cache.streaks.as_ref().expect("the first TTL is shorter");
    assert!(streaks.len() <= 100, "{}", streaks.len());
}

#[test]
fn what_a_store_knows_lives_as_long_as_it_says_but_within_the_ttl_and_is_no_404() {
    let (cache, now) = doubling(10);
    assert!(cache.remember_for("a", 3 * FIRST, now));
    assert!(lives_for(&cache, now, 3 * FIRST));
    cache.remember_for("a", 2 * TTL, now);
    assert!(lives_for(&cache, now, TTL));
    cache.remember("a", now);
    assert!(lives_for(&cache, now, FIRST));
}

#[test]
fn only_what_a_store_knew_can_be_forgotten() {
    let (cache, now) = cache(10_000);
    for soul in 0..3_000 {
        cache.remember_for(&format!("learned {soul}"), TTL / 2, now);
        cache.remember(&format!("seen {soul}"), now);
    }
    cache.remember("learned 0", now); // the relay has said so too
    cache.remember_for("expired", MS, now);
    assert_eq!(cache.forget_learned(now + MS), 2_999);
    assert_eq!((cache.size(), balance(&cache)), (3_001, 3_001));
    assert!(cache.knows("seen 2999", now) && cache.knows("learned 0", now) && !cache.knows("learned 1", now));
}

#[test]
fn without_trust_in_the_store_only_what_the_relay_said_counts_and_the_rest_stays() {
    let (cache, now) = cache(10);
    cache.remember_for("learned", TTL, now);
    cache.remember("own", now);
    assert_eq!(cache.look_up_own("learned", now), Lookup::Unknown);
    assert_eq!((cache.look_up_own("own", now), cache.look_up("learned", now)), (Lookup::Known, Lookup::Known));
    cache.remember("learned", now);
    assert_eq!(cache.look_up_own("learned", now), Lookup::Known, "the relay has said so too");
}

#[test]
fn a_read_in_the_last_tenth_asks_for_one_refresh_in_each_life() {
    let (cache, mut now) = refreshing();
    for _ in 0..2 {
        cache.remember("a", now);
        assert_eq!(cache.look_up("a", now + TTL * 9 / 10 - MS), Lookup::Known);
        assert_eq!(cache.look_up("a", now + TTL * 9 / 10), Lookup::KnownRefresh);
        assert_eq!(cache.look_up("a", now + TTL - MS), Lookup::Known);
        now += TTL - MS;
    }
    assert_eq!(cache.look_up("a", now + MS), Lookup::Unknown);
}

#[test]
fn a_read_asks_for_no_refresh_unless_the_policy_does() {
    let (cache, now) = cache(10);
    cache.remember("a", now);
    assert_eq!(cache.look_up("a", now + TTL - MS), Lookup::Known);
}

#[test]
fn the_entries_come_with_what_remains_of_their_lives_and_without_the_expired() {
    let (cache, now) = doubling(10_000);
    for soul in 0..2_000 {
        cache.remember_for(&soul.to_string(), Duration::from_millis(soul), now);
    }
    let mut entries = cache.entries(now + 500 * MS);
    entries.sort_by_key(|(_, life)| *life);
    let expected = (501..2_000).map(|soul: u64| (soul.to_string().into(), Duration::from_millis(soul - 500)));
    assert_eq!(entries, expected.collect::<Vec<(Box<str>, _)>>());
}

#[test]
fn other_threads_get_the_lock_again_and_again_while_a_large_cache_is_swept() {
    let (cache, now) = cache(100_000);
    for soul in 0..100_000 {
        cache.remember(&soul.to_string(), now);
    }
    let is_swept = std::sync::atomic::AtomicBool::new(false);
    let turns = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            // Sizes seen: each is a turn of this thread between two of the sweep's.
            let mut sizes = std::collections::BTreeSet::new();
            while !is_swept.load(Relaxed) {
                sizes.insert(cache.size());
            }
            sizes.len()
        });
        let swept = cache.sweep(now + 2 * TTL);
        is_swept.store(true, Relaxed);
        assert_eq!((swept.removed, swept.remain), (100_000, 0));
        reader.join().expect("no panic here")
    });
    // Of 390 turns at most. One thread alone would have few.
    assert!(turns > 100, "{turns}");
}
