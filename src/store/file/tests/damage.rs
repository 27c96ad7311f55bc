//! Damaged files: a whole file, the prefix of its log, or nothing; never a soul that it did not hold.

use super::format::{MAGIC, Unusable, decode, encode, record};
use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

fn bytes(souls: &[(Box<str>, u64)], log: &[Option<&str>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(&mut bytes, RELAY, 5, souls).unwrap();
    assert_eq!(bytes.len() as u64, format::size(RELAY, souls));
    log.iter().for_each(|soul| bytes.extend_from_slice(&record(*soul)));
    bytes
}

fn sample() -> (Vec<u8>, usize) {
    let souls = [("a".into(), 1), ("bé".into(), 300), ("c".into(), u64::MAX), ("d".into(), 0)];
    let file = bytes(&souls, &[Some("a"), Some("unknown"), Some("c")]);
    (file, bytes(&souls, &[]).len())
}

#[test]
fn every_single_damaged_byte_is_noticed() {
    let (file, _) = sample();
    assert_eq!(decode(&file, RELAY).unwrap().entries, [("bé", 300), ("d", 0)]);
    for place in 0..file.len() {
        for flipped in 1..=u8::MAX {
            let mut damaged = file.clone();
            damaged[place] ^= flipped;
            assert!(decode(&damaged, RELAY).is_err(), "byte {place} ^ {flipped}");
        }
    }
}

#[test]
fn a_file_cut_anywhere_but_between_two_records_is_damaged() {
    let (file, snapshot) = sample();
    let log: Vec<usize> = ["a", "unknown", "c"].iter().map(|soul| record(Some(soul)).len()).collect();
    let ends = [snapshot, snapshot + log[0], snapshot + log[0] + log[1], file.len()];
    let left: [&[&str]; 4] = [&["a", "bé", "c", "d"], &["bé", "c", "d"], &["bé", "c", "d"], &["bé", "d"]];
    for len in 0..=file.len() {
        let read = decode(&file[..len], RELAY);
        match ends.iter().position(|end| *end == len) {
            Some(end) => {
                let souls: Vec<_> = read.unwrap().entries.into_iter().map(|(soul, _)| soul).collect();
                assert_eq!(souls, left[end]);
            }
            None => assert!(read.is_err(), "{len}"),
        }
    }
}

#[test]
fn a_damaged_file_is_a_cold_start_with_one_line_and_the_next_write_mends_it() {
    let (_folder, path) = folder();
    for damage in [MAGIC.len(), MAGIC.len() + 10, 100] {
        file_of(&path, &["a", "b", "c"]);
        let mut file = fs::read(&path).unwrap();
        file[damage] ^= 1;
        fs::write(&path, file).unwrap();
        let store = open(&path);
        let (entries, warning) = load(&store, at(0));
        let warning = warning.unwrap();
        let expected = if damage == MAGIC.len() { "another version" } else { "is damaged" };
        assert!(entries.is_empty() && warning.contains(expected), "{warning}");
        write(&store, &["d"]);
        drop(store);
        assert_eq!(load(&open(&path), at(0)).0.len(), 1);
    }
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let (_folder, path) = folder();
    file_of(&path, &["a"]);
    // No blocks are behind it.
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(8 << 30).unwrap();
    let store = open(&path);
    assert!(load(&store, at(0)).1.unwrap().contains("larger than 1 GiB"));
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
}

#[test]
fn a_count_that_the_file_cannot_hold_asks_for_no_memory() {
    let (mut file, _) = sample();
    let count = MAGIC.len() + 2 + 8 + 4 + RELAY.len();
    file[count..count + 8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert_eq!(decode(&file, RELAY), Err(Unusable::Damaged));
}

#[test]
fn a_tail_of_zeros_is_damage_and_not_an_invalidation() {
    let (mut file, _) = sample();
    file.extend_from_slice(&[0; 6]);
    assert_eq!(decode(&file, RELAY), Err(Unusable::Damaged));
}

fn souls() -> impl Strategy<Value = Vec<(Box<str>, u64)>> {
    vec(("\\PC{1,20}".prop_map(Into::into), any::<u64>()), 0..20)
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(tail in vec(any::<u8>(), 0..300), version in any::<bool>()) {
        let mut file = MAGIC.to_vec();
        file.extend_from_slice(if version { b"1\n" } else { b"" });
        file.extend_from_slice(&tail);
        let _ = decode(&file, RELAY);
        let _ = decode(&tail, RELAY);
        let _ = format::decode_log(&tail);
    }

    /// A writer with a fault, or somebody who makes the checksum right: still only souls that could be invalidated.
    #[test]
    fn with_a_right_checksum_too_only_souls_are_read(souls in souls(), place in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut file = bytes(&souls, &[]);
        let checked = file.len() - 4;
        let place = MAGIC.len() + 2 + place.index(checked - MAGIC.len() - 2);
        file[place] = to;
        let crc = crc32fast::hash(&file[..checked]);
        file[checked..].copy_from_slice(&crc.to_le_bytes());
        if let Ok(contents) = decode(&file, RELAY) {
            for (soul, _) in contents.entries {
                prop_assert!(soul::check(soul).is_ok());
            }
        }
    }

    #[test]
    fn what_is_encoded_is_decoded_but_for_what_the_log_has(souls in souls(), log in vec("\\PC{1,3}", 0..5), some in any::<bool>()) {
        let own = souls.first().filter(|_| some).map(|(soul, _)| soul.to_string());
        let log: Vec<&str> = log.iter().chain(&own).map(String::as_str).collect();
        let file = bytes(&souls, &log.iter().map(|soul| Some(*soul)).collect::<Vec<_>>());
        let expected: Vec<(&str, u64)> =
            souls.iter().map(|(soul, life)| (&**soul, *life)).filter(|(soul, _)| !log.contains(soul)).collect();
        let contents = decode(&file, RELAY).unwrap();
        prop_assert_eq!(contents.entries, expected);
        prop_assert_eq!(contents.written, 5);
        let file = bytes(&souls, &[Some("a"), None]);
        prop_assert_eq!(decode(&file, RELAY).unwrap().entries, []);
        prop_assert_eq!(decode(&file, "http://other"), Err(Unusable::OtherRelay(RELAY.to_owned())));
    }
}
