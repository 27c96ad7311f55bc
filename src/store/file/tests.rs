mod damage;
mod kill;
mod races;

use super::load::CLOCK_TOLERANCE;
use super::*;
use std::collections::BTreeMap;
use tempfile::TempDir;

const RELAY: &str = "http://relay:8765";
const TTL: Duration = Duration::from_secs(3_600);
const START: SystemTime = SystemTime::UNIX_EPOCH;

/// A time well after 1970.
fn at(seconds: u64) -> SystemTime {
    START + Duration::from_secs(1_000_000 + seconds)
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing");
    (folder, path)
}

fn open(path: &Path) -> FileStore {
    match FileStore::open(path, RELAY, TTL) {
        Opened::Ours(store) => store,
        Opened::Without { warning } => panic!("{warning}"),
    }
}

/// What a load gives, and its warning.
fn load(store: &FileStore, now: SystemTime) -> (BTreeMap<String, u64>, Option<String>) {
    let mut entries = BTreeMap::new();
    let loaded = store.load(now, |soul, life| assert!(entries.insert(soul.to_owned(), life.as_secs()).is_none()));
    assert_eq!(loaded.entries, entries.len() as u64);
    assert_eq!(store.stats().loaded, loaded.entries);
    (entries, loaded.warning)
}

fn souls(store: &FileStore, now: SystemTime) -> Vec<String> {
    load(store, now).0.into_keys().collect()
}

fn entries(souls: &[&str]) -> Vec<(Box<str>, Duration)> {
    souls.iter().map(|soul| ((*soul).into(), TTL)).collect()
}

fn write(store: &FileStore, souls: &[&str]) {
    store.write(|| entries(souls), at(0)).unwrap();
}

fn invalidate(store: &FileStore, soul: &str) {
    store.invalidate(soul, || ()).1.unwrap();
}

/// A file with these souls, as a store left it that was dropped.
fn file_of(path: &Path, souls: &[&str]) {
    let store = open(path);
    load(&store, at(0));
    write(&store, souls);
}

#[test]
fn what_was_written_is_loaded_with_the_rest_of_its_life_in_the_order_written() {
    let (_folder, path) = folder();
    let store = open(&path);
    let (loaded, warning) = load(&store, at(0));
    assert!(loaded.is_empty() && warning.unwrap().contains("does not exist yet"));
    let long = "é".repeat(soul::MAX_BYTES / 2);
    let lives = [("z", 100), (&long, 50), ("a", 3_600)];
    let entries = || lives.iter().map(|(soul, life)| ((*soul).into(), Duration::from_secs(*life))).collect();
    store.write(entries, at(0)).unwrap();
    drop(store);

    let mut order = Vec::new();
    let store = open(&path);
    let loaded = store.load(at(49), |soul, life| order.push((soul.to_owned(), life.as_secs())));
    assert_eq!(order, [("z".to_owned(), 51), (long, 1), ("a".to_owned(), 3_551)]);
    assert_eq!(loaded, Loaded { entries: 3, warning: None });
    assert_eq!(store.stats(), FileStats { connected: true, loaded: 3, errors: 0 });
}

#[test]
fn an_entry_whose_life_ended_while_no_process_ran_is_not_loaded() {
    let (_folder, path) = folder();
    file_of(&path, &["a"]);
    assert_eq!(souls(&open(&path), at(3_599)), ["a"]);
    assert_eq!(load(&open(&path), at(3_600)), (BTreeMap::new(), None));
}

#[test]
fn a_clock_set_back_a_little_lengthens_no_life_and_set_back_far_it_makes_the_file_useless() {
    let (_folder, path) = folder();
    file_of(&path, &["a"]);
    let a_minute_ago = at(0) - CLOCK_TOLERANCE;
    assert_eq!(load(&open(&path), a_minute_ago).0["a"], TTL.as_secs());
    let (entries, warning) = load(&open(&path), a_minute_ago - Duration::from_secs(1));
    assert!(entries.is_empty() && warning.unwrap().contains("61 s ahead of this machine's clock"));
    // And for good: what is invalidated from then on must not come back once the clock is right.
    assert!(souls(&open(&path), at(0)).is_empty());
}

#[test]
fn a_shorter_ttl_shortens_the_lives_of_what_was_written_before() {
    let (_folder, path) = folder();
    file_of(&path, &["a"]);
    let Opened::Ours(store) = FileStore::open(&path, RELAY, Duration::from_secs(60)) else { panic!() };
    assert_eq!(load(&store, at(10)).0["a"], 60);
}

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
fn a_write_before_the_load_leaves_the_file_as_it_is() {
    let (_folder, path) = folder();
    file_of(&path, &["a"]);
    let store = open(&path);
    store.write(|| panic!("nothing is read"), at(0)).unwrap();
    assert_eq!(souls(&store, at(0)), ["a"]);
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

#[test]
fn the_second_store_on_one_file_is_told_so_and_gets_it_once_it_is_released() {
    let (_folder, path) = folder();
    let first = open(&path);
    load(&first, at(0));
    let Opened::Without { warning } = FileStore::open(&path, RELAY, TTL) else { panic!("two stores, one file") };
    assert!(warning.contains("in use by another process") && warning.contains(path.to_str().unwrap()));
    write(&first, &["a"]);
    first.release();
    let second = open(&path);
    assert_eq!(souls(&second, at(0)), ["a"]);
    // The first has no say any more.
    first.write(|| panic!("nothing is read"), at(0)).unwrap();
    first.invalidate_all(|| ()).1.unwrap();
    assert!(!first.stats().connected);
    drop(second);
    assert_eq!(souls(&open(&path), at(0)), ["a"]);
}

#[cfg(unix)]
#[test]
fn two_names_of_one_file_are_one_file() {
    let (folder, path) = folder();
    file_of(&path, &["a"]);
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let store = open(&link);
    assert!(matches!(FileStore::open(&path, RELAY, TTL), Opened::Without { .. }));
    load(&store, at(0));
    write(&store, &["b"]);
    assert!(link.is_symlink());
    drop(store);
    assert_eq!(souls(&open(&path), at(0)), ["b"]);
}

#[test]
fn a_path_that_cannot_be_used_is_tried_again_at_each_write() {
    let (folder, _) = folder();
    let path = folder.path().join("later").join("missing");
    let store = open(&path);
    let (entries, warning) = load(&store, at(0));
    assert!(entries.is_empty() && warning.unwrap().contains("cannot be used"));
    // There is nothing that could bring it back.
    invalidate(&store, "a");
    let write = || store.write(|| vec![("a".into(), TTL)], at(0));
    assert_eq!(write().unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(store.stats(), FileStats { connected: false, loaded: 0, errors: 2 });
    fs::create_dir(path.parent().unwrap()).unwrap();
    write().unwrap();
    assert_eq!(store.stats(), FileStats { connected: true, loaded: 0, errors: 2 });
    invalidate(&store, "a");
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    assert_eq!(write().unwrap_err().kind(), ErrorKind::NotFound);
    assert!(!store.stats().connected);
    fs::create_dir(path.parent().unwrap()).unwrap();
    write().unwrap();
    drop(store);
    assert_eq!(souls(&open(&path), at(0)), ["a"]);
}

#[test]
fn a_folder_in_the_place_of_the_file_stays_and_nothing_is_put_beside_it() {
    let (folder, path) = folder();
    fs::create_dir(&path).unwrap();
    let store = open(&path);
    assert!(load(&store, at(0)).1.unwrap().contains("not a regular file"));
    store.write(Vec::new, at(0)).unwrap_err();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_invalidations_cannot_reach_is_an_error_and_is_emptied_before_it_is_used() {
    let (folder, path) = folder();
    file_of(&path, &["a"]);
    // The lock cannot be opened, whoever runs this.
    let blocked = disk::beside(&path, ".lock");
    fs::remove_file(&blocked).unwrap();
    fs::create_dir(&blocked).unwrap();
    let store = open(&path);
    load(&store, at(0));
    assert!(store.invalidate("a", || true).0);
    store.invalidate("a", || ()).1.unwrap_err();
    fs::remove_dir(&blocked).unwrap();
    let killed_early = || {
        assert_eq!(fs::metadata(&path).unwrap().len(), 0);
        Vec::new()
    };
    store.write(killed_early, at(0)).unwrap();
    assert!(folder.path().exists());
}

#[test]
fn what_is_no_cache_file_is_moved_aside() {
    let (_folder, path) = folder();
    fs::write(&path, "somebody's data").unwrap();
    let store = open(&path);
    let warning = load(&store, at(0)).1.unwrap();
    assert!(warning.contains("moved to") && warning.contains(".not-a-cache"), "{warning}");
    write(&store, &["a"]);
    drop(store);
    assert_eq!(souls(&open(&path), at(0)), ["a"]);
    assert_eq!(fs::read(disk::beside(&path, ".not-a-cache")).unwrap(), b"somebody's data");
}

#[test]
fn a_file_of_another_relay_is_not_loaded_and_the_warning_is_one_line() {
    let (_folder, path) = folder();
    let Opened::Ours(store) = FileStore::open(&path, "http://other\n:1", TTL) else { panic!() };
    load(&store, at(0));
    write(&store, &["a"]);
    drop(store);
    let (entries, warning) = load(&open(&path), at(0));
    assert!(entries.is_empty());
    assert!(warning.unwrap().contains("belongs to another relay, http://other :1 "));
}

#[test]
fn what_an_interrupted_write_left_is_neither_read_nor_followed() {
    let (folder, path) = folder();
    file_of(&path, &["a"]);
    let (victim, temporary) = (folder.path().join("victim"), disk::beside(&path, ".tmp"));
    fs::write(&victim, "kept").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&victim, &temporary).unwrap();
    #[cfg(not(unix))]
    fs::write(&temporary, "half").unwrap();
    let store = open(&path);
    assert_eq!(souls(&store, at(0)), ["a"]);
    write(&store, &["b"]);
    assert_eq!(fs::read(&victim).unwrap(), b"kept");
    assert!(!temporary.exists());
}
