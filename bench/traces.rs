//! Hit rates of the negative cache on traces, beside an exact LRU, moka and quick_cache as version 0.1 used it:
//! `cargo bench --bench traces`.

use gun_native::negative_cache::{CachePolicy, Lookup, NegativeCache};
use lru::LruCache;
use std::num::NonZeroUsize;
use std::time::Duration;
use tokio::time::Instant;
use traces::Trace;

#[path = "../src/negative_cache/tests/traces.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod traces;

const CAPACITY: usize = 10_000;
const SEED: u64 = 7;

/// Whether a request for the soul hits; if not, the soul is remembered.
type Cache = Box<dyn FnMut(u64) -> bool>;

fn ours() -> Cache {
    let ttl = Duration::from_secs(3_600);
    let now = Instant::now();
    let cache = NegativeCache::new(CachePolicy { capacity: CAPACITY, ttl, first_ttl: ttl, refresh: false }, now);
    Box::new(move |soul| {
        let soul = soul.to_string();
        let is_hit = cache.look_up(&soul, now) != Lookup::Unknown;
        if !is_hit {
            cache.remember(&soul, now);
        }
        is_hit
    })
}

fn exact_lru() -> Cache {
    let mut cache = LruCache::new(NonZeroUsize::new(CAPACITY).expect("not 0"));
    Box::new(move |soul| {
        let is_hit = cache.get(&soul).is_some();
        if !is_hit {
            cache.put(soul, ());
        }
        is_hit
    })
}

fn moka() -> Cache {
    let cache = moka::sync::Cache::new(CAPACITY as u64);
    Box::new(move |soul| {
        let is_hit = cache.get(&soul).is_some();
        if !is_hit {
            cache.insert(soul, ());
            cache.run_pending_tasks();
        }
        is_hit
    })
}

/// As version 0.1 used it: without ghosts, and removed before it is inserted.
fn quick_cache_of_0_1() -> Cache {
    let options = quick_cache::OptionsBuilder::new()
        .estimated_items_capacity(CAPACITY)
        .weight_capacity(CAPACITY as u64)
        .shards(1)
        .ghost_allocation(0.0)
        .build()
        .expect("both capacities are set");
    let cache = quick_cache::sync::Cache::with_options(
        options,
        quick_cache::UnitWeighter,
        quick_cache::DefaultHashBuilder::default(),
        quick_cache::sync::DefaultLifecycle::default(),
    );
    Box::new(move |soul: u64| {
        let is_hit = cache.get(&soul).is_some();
        if !is_hit {
            cache.remove(&soul);
            cache.insert(soul, ());
        }
        is_hit
    })
}

fn hit_rate(mut cache: Cache, souls: &[u64]) -> f64 {
    let hits = souls.iter().filter(|soul| cache(**soul)).count();
    100.0 * hits as f64 / souls.len() as f64
}

fn main() {
    println!("Hit rates in percent, capacity {CAPACITY}.\n");
    println!("| trace | working set | gun-native | exact LRU | moka | quick_cache as in 0.1 |");
    println!("|---|--:|--:|--:|--:|--:|");
    for percent in [30, 100, 300] {
        for Trace { name, souls } in traces::all(CAPACITY, percent, SEED) {
            let [ours, lru, moka, old] =
                [ours(), exact_lru(), moka(), quick_cache_of_0_1()].map(|cache| hit_rate(cache, &souls));
            println!("| {name} | {percent}% | {ours:.1} | {lru:.1} | {moka:.1} | {old:.1} |");
        }
    }
}
