//! Threads that invalidate while others load and write.

use super::*;
use std::collections::{BTreeMap, HashMap};
use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::thread;

/// What the cache is to the store.
#[derive(Default)]
struct Cache(Mutex<HashMap<String, Duration>>);

impl Cache {
    fn remember(&self, soul: &str) {
        lock(&self.0).insert(soul.to_owned(), TTL);
    }

    fn forget(&self, soul: &str) {
        lock(&self.0).remove(soul);
    }

    fn entries(&self) -> Vec<(Box<str>, Duration)> {
        lock(&self.0).iter().map(|(soul, life)| (soul.as_str().into(), *life)).collect()
    }
}

#[test]
fn no_soul_comes_back_that_was_invalidated_while_snapshots_were_written() {
    const THREADS: usize = 3;
    const SOULS: usize = 20;
    const STEPS: usize = 1_500;
    let (_folder, path) = folder();
    let (store, cache) = (open(&path), Cache::default());
    load(&store, at(0));
    cache.remember("stays");
    let done = AtomicBool::new(false);
    let invalidated = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut writes = 0;
            while !done.load(Relaxed) || writes < 3 {
                store.write(|| cache.entries(), at(0)).unwrap();
                writes += 1;
            }
        });
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (store, cache) = (&store, &cache);
                scope.spawn(move || {
                    let mut random = fastrand::Rng::with_seed(thread as u64);
                    let mut last = BTreeMap::new();
                    for _ in 0..STEPS {
                        let soul = format!("{thread}:{}", random.usize(..SOULS));
                        let remembers = random.bool();
                        match remembers {
                            true => cache.remember(&soul),
                            false => store.invalidate(&soul, || cache.forget(&soul)).1.unwrap(),
                        }
                        last.insert(soul, remembers);
                    }
                    last
                })
            })
            .collect();
        let last: BTreeMap<_, _> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        done.store(true, Relaxed);
        writer.join().unwrap();
        last.into_iter().filter(|(_, remembered)| !remembered).map(|(soul, _)| soul).collect::<Vec<_>>()
    });
    drop(store);
    let loaded = souls(&open(&path), at(0));
    assert!(loaded.contains(&"stays".to_owned()) && !invalidated.is_empty());
    let back: Vec<_> = invalidated.iter().filter(|soul| loaded.contains(soul)).collect();
    assert!(back.is_empty(), "{back:?}");
}

#[test]
fn at_any_moment_the_file_on_disk_has_no_soul_whose_invalidation_returned() {
    let (_folder, path) = folder();
    let (store, cache) = (open(&path), Cache::default());
    load(&store, at(0));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                store.write(|| cache.entries(), at(0)).unwrap();
            }
        });
        let name = |step: usize| format!("{step:04}");
        for step in 0..1_000 {
            cache.remember(&name(step + 5));
            store.invalidate(&name(step), || cache.forget(&name(step))).1.unwrap();
            // A kill at this moment leaves this file.
            let file = fs::read(&path).unwrap_or_default();
            let is_back = |soul: &str| *soul <= *name(step);
            let back =
                format::decode(&file, RELAY).is_ok_and(|read| read.entries.iter().any(|(soul, _)| is_back(soul)));
            if back {
                done.store(true, Relaxed);
                panic!("one is back after {step}");
            }
        }
        done.store(true, Relaxed);
    });
}

#[test]
fn an_invalidation_during_the_load_wins_over_what_is_loaded() {
    let (_folder, path) = folder();
    let names: Vec<String> = (0..3_000).map(|n| format!("soul {n}")).collect();
    file_of(&path, &names.iter().map(String::as_str).collect::<Vec<_>>());
    let (store, cache, together) = (open(&path), Cache::default(), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            together.wait();
            store.load(at(0), |soul, _| cache.remember(soul));
        });
        together.wait();
        for soul in &names[1..] {
            store.invalidate(soul, || cache.forget(soul)).1.unwrap();
        }
    });
    assert_eq!(cache.entries(), entries(&["soul 0"]));
    drop(store);
    assert_eq!(souls(&open(&path), at(0)), ["soul 0"]);
}
