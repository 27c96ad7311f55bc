//! Files in use, and paths that cannot be used.

use super::*;

#[test]
fn the_second_store_on_one_file_gets_a_warning_and_the_file_once_it_is_released() {
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
