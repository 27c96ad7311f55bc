//! Processes of their own: killed at any moment, or with no room on the disk.
#![cfg(unix)]

use super::*;
use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;

const PATH: &str = "GUN_NATIVE_TEST_STORE";

/// This test binary, to run one ignored test of this file; `shell` is what comes before it.
fn child(test: &str, path: &Path, shell: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{shell} exec \"$0\" \"$@\"")]).arg(env::current_exe().unwrap());
    let (_crate, module) = module_path!().split_once("::").unwrap();
    let test = format!("{module}::{test}");
    command.args(["--exact", &test, "--ignored", "--nocapture"]).env(PATH, path);
    command
}

fn path_of_parent() -> PathBuf {
    env::var_os(PATH).expect("run by another test").into()
}

#[test]
#[ignore = "the process that is killed"]
fn invalidates_and_writes_for_ever() {
    let store = open(&path_of_parent());
    let names: Vec<String> = (0..5_000).map(|n| format!("soul {n}")).collect();
    let left = Mutex::new(names.clone());
    load(&store, at(0));
    let snapshot = || lock(&left).iter().map(|soul| (soul.as_str().into(), TTL)).collect();
    store.write(snapshot, at(0)).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            loop {
                store.write(snapshot, at(0)).unwrap();
            }
        });
        // From the last on; the first is never reached: a pipe that is not read holds some 3,000 lines.
        for soul in names.iter().rev() {
            store.invalidate(soul, || lock(&left).pop()).1.unwrap();
            println!("\ninvalidated {soul}");
        }
    });
}

#[test]
fn a_process_killed_at_any_moment_brings_back_nothing_that_it_had_invalidated() {
    for kill_after in [1, 7, 50, 200] {
        let (_folder, path) = folder();
        let mut process = child("invalidates_and_writes_for_ever", &path, "").stdout(Stdio::piped()).spawn().unwrap();
        let mut invalidated = Vec::new();
        for line in BufReader::new(process.stdout.take().unwrap()).lines() {
            if let Some(soul) = line.unwrap().strip_prefix("invalidated ") {
                invalidated.push(soul.to_owned());
            }
            if invalidated.len() == kill_after {
                process.kill().unwrap();
            }
        }
        process.wait().unwrap();
        assert!(invalidated.len() >= kill_after);
        let (loaded, warning) = load(&open(&path), at(0));
        let back: Vec<_> = invalidated.iter().filter(|soul| loaded.contains_key(*soul)).collect();
        assert!(back.is_empty(), "{back:?} after {kill_after}");
        // Killed within an append, the file is damaged. That is rare, and safe.
        assert!(loaded.contains_key("soul 0") || warning.unwrap().contains("damaged"));
    }
}

#[test]
#[ignore = "the process with no room on the disk"]
fn fills_the_disk() {
    let store = open(&path_of_parent());
    load(&store, at(0));
    write(&store, &["a", "b"]);
    let soul = "s".repeat(1_000);
    invalidate(&store, "a");
    // More than there is room for.
    (0..20).for_each(|_| invalidate(&store, &soul));
    assert_eq!(fs::metadata(&store.path).unwrap().len(), 0);
    assert_eq!(store.stats().errors, 1);
    let too_many = || (0..1_000).map(|n| (format!("soul {n} {soul}").into(), TTL)).collect();
    let kind = store.write(too_many, at(0)).unwrap_err().kind();
    assert!([ErrorKind::FileTooLarge, ErrorKind::StorageFull].contains(&kind), "{kind:?}");
    assert_eq!(store.stats(), FileStats { connected: false, loaded: 0, errors: 2 });
    assert!(!disk::beside(&store.path, ".tmp").exists());
    write(&store, &["c"]);
    // A write that fails leaves the file and its log.
    store.write(too_many, at(0)).unwrap_err();
    println!("\nfull");
}

#[test]
fn with_no_room_an_invalidation_empties_the_file_and_a_write_leaves_it() {
    let (_folder, path) = folder();
    // A limit on the size of files, met with an error instead of a signal: to the store it is a full disk.
    let output = child("fills_the_disk", &path, "ulimit -f 16; trap '' XFSZ;").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("\nfull"), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(souls(&open(&path), at(0)), ["c"]);
}
