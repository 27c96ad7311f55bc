mod damage;
mod invalidations;
mod kill;
mod paths;
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
fn a_write_before_the_load_leaves_the_file_as_it_is() {
    let (_folder, path) = folder();
    file_of(&path, &["a"]);
    let store = open(&path);
    store.write(|| panic!("nothing is read"), at(0)).unwrap();
    assert_eq!(souls(&store, at(0)), ["a"]);
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
