//! Invalidations are on disk when they return.

use super::*;

#[test]
fn an_invalidated_soul_is_gone_without_another_write_and_the_others_stay() {
    let (_folder, path) = folder();
    file_of(&path, &["a", "b", "c"]);
    let store = open(&path);
    load(&store, at(0));
    invalidate(&store, "b");
    // No soul, and so no record: an empty one would mean every soul.
    invalidate(&store, "");
    invalidate(&store, &"c".repeat(70_000));
    drop(store);
    let store = open(&path);
    assert_eq!(souls(&store, at(0)), ["a", "c"]);
    invalidate(&store, "a");
    drop(store);
    assert_eq!(souls(&open(&path), at(0)), ["c"]);
}

#[test]
fn invalidating_everything_leaves_nothing_to_load() {
    let (_folder, path) = folder();
    file_of(&path, &["a", "b"]);
    let store = open(&path);
    load(&store, at(0));
    assert_eq!(store.invalidate_all(|| 7).0, 7);
    drop(store);
    let (entries, warning) = load(&open(&path), at(0));
    assert!(entries.is_empty() && warning.unwrap().contains("is empty"));
}

#[test]
fn an_invalidation_between_open_and_load_wins_and_is_on_disk() {
    let (_folder, path) = folder();
    file_of(&path, &["a", "b"]);
    let store = open(&path);
    invalidate(&store, "a");
    assert_eq!(souls(&store, at(0)), ["b"]);
    drop(store);
    let store = open(&path);
    store.invalidate_all(|| ()).1.unwrap();
    assert_eq!(souls(&store, at(0)), [] as [&str; 0]);
    drop(store);
    assert!(souls(&open(&path), at(0)).is_empty());
}

#[test]
fn an_invalidation_after_the_file_was_read_wins_over_what_is_loaded() {
    let (_folder, path) = folder();
    file_of(&path, &["a", "b", "c"]);
    let load_and = |invalidates: &dyn Fn(&FileStore)| {
        let (store, mut bytes, mut given) = (open(&path), Vec::new(), Vec::new());
        let read = store.read(&mut bytes, at(0));
        invalidates(&store);
        let loaded = store.finish_load(read, at(0), &mut |soul, _| given.push(soul.to_owned()));
        assert_eq!(loaded.warning, None);
        given
    };
    let two = |store: &FileStore| ["a", "c"].iter().for_each(|soul| invalidate(store, soul));
    assert_eq!(load_and(&two), ["b"]);
    assert_eq!(load_and(&|_| ()), ["b"]);
    assert!(load_and(&|store| store.invalidate_all(|| ()).1.unwrap()).is_empty());
}

#[test]
fn what_is_invalidated_while_a_snapshot_is_made_is_not_in_it() {
    let (_folder, path) = folder();
    for (all, left) in [(false, &["b"] as &[_]), (true, &[])] {
        let store = open(&path);
        load(&store, at(0));
        let read_too_early = || {
            let read = entries(&["a", "b"]);
            invalidate(&store, "a");
            if all {
                store.invalidate_all(|| ()).1.unwrap();
                invalidate(&store, "a");
            }
            read
        };
        store.write(read_too_early, at(0)).unwrap();
        assert!(store.needs_write());
        drop(store);
        assert_eq!(souls(&open(&path), at(0)), left);
    }
}

#[test]
fn a_log_is_bounded_and_beyond_that_the_file_is_emptied() {
    let (_folder, path) = folder();
    let store = open(&path);
    load(&store, at(0));
    let soul = "s".repeat(soul::MAX_BYTES);
    let many = state::MAX_LOG_BYTES / soul.len();
    write(&store, &["a"]);
    let size = || fs::metadata(&path).unwrap().len();
    for _ in 0..many - 10 {
        invalidate(&store, &soul);
    }
    assert!(size() > state::MAX_LOG_BYTES as u64 / 2 && store.needs_write());
    for _ in 0..20 {
        invalidate(&store, &soul);
    }
    assert_eq!(size(), 0);
    // The same while a snapshot is made, whose reader may be slow.
    let slow = || {
        let read = entries(&["a", "b"]);
        (0..2 * many).for_each(|_| invalidate(&store, &soul));
        read
    };
    store.write(slow, at(0)).unwrap();
    assert!(size() < 2 * state::MAX_LOG_BYTES as u64);
    drop(store);
    assert!(souls(&open(&path), at(0)).is_empty());
}

#[test]
fn a_write_takes_the_log_away() {
    let (_folder, path) = folder();
    file_of(&path, &["a"]);
    let store = open(&path);
    load(&store, at(0));
    assert!(!store.needs_write());
    invalidate(&store, "b");
    assert!(store.needs_write());
    let size = fs::metadata(&path).unwrap().len();
    write(&store, &["a"]);
    assert!(fs::metadata(&path).unwrap().len() < size && !store.needs_write());
}
