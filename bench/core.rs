//! The pure parts of a call, measured separately: `cargo bench`.

use bytes::Bytes;
use divan::{Bencher, black_box, counter::BytesCount};
use gun_native::histogram::Histogram;
use gun_native::metrics::{AttemptCounts, CallCounts};
use gun_native::negative_cache::{CachePolicy, NegativeCache};
use gun_native::record::read_answer;
use gun_native::relay::{Answer, classify};
use gun_native::single_flight::{Join, Outcome, SingleFlight, Terms};
use gun_native::store::file::{FileStore, Opened};
use http::header::HeaderMap;
use std::path::Path;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

const HOUR: Duration = Duration::from_secs(3_600);
const PATIENCE: Terms =
    Terms { own: None, timeout: HOUR, queue_timeout: HOUR, is_batch: false, is_fresh: false, may_join: true };

fn policy() -> CachePolicy {
    CachePolicy { capacity: 10_000, ttl: HOUR, first_ttl: HOUR, refresh: true }
}

fn main() {
    divan::main();
}

/// A relay's answer with a record of this many bytes; with `strings`, its `data` is a JSON string.
fn answer(bytes: usize, strings: bool) -> Bytes {
    let fields: Vec<String> = (0..bytes / 40).map(|n| format!(r#""field {n:06}":"value {n:06} of it""#)).collect();
    let record = format!("{{{}}}", fields.join(","));
    let data = if strings { format!(r#"{{"data":{}}}"#, serde_json::Value::from(record)) } else { record };
    Bytes::from(format!(r#"{{"success":true,"data":{data}}}"#))
}

#[divan::bench(args = [1_600, 65_536, 1_048_576])]
fn record_text(bencher: Bencher, bytes: usize) {
    let body = answer(bytes, false);
    bencher.counter(BytesCount::new(body.len())).bench(|| read_answer(black_box(&body)));
}

#[divan::bench(args = [1_600, 65_536, 1_048_576])]
fn record_text_in_a_string(bencher: Bencher, bytes: usize) {
    let body = answer(bytes, true);
    bencher.counter(BytesCount::new(body.len())).bench(|| read_answer(black_box(&body)));
}

#[divan::bench]
fn classify_missing(bencher: Bencher) {
    let (headers, body) = (HeaderMap::new(), Bytes::from_static(br#"{"error":"Not found"}"#));
    bencher.bench(|| classify(404, black_box(&headers), black_box(&body), SystemTime::UNIX_EPOCH));
}

#[divan::bench]
fn cache_hit(bencher: Bencher) {
    let now = Instant::now();
    let cache = NegativeCache::new(policy(), now);
    let soul = "f3a9c1d27b40:h:1b2c3d4e5f60:000000000042";
    cache.remember(soul, now);
    bencher.bench(|| cache.look_up(black_box(soul), Instant::now()));
}

#[divan::bench]
fn cache_miss(bencher: Bencher) {
    let now = Instant::now();
    let cache = NegativeCache::new(policy(), now);
    bencher.bench(|| cache.look_up(black_box("f3a9c1d27b40:h:1b2c3d4e5f60:000000000042"), Instant::now()));
}

#[divan::bench]
fn single_flight_join_and_leave(bencher: Bencher) {
    let single_flight = SingleFlight::<()>::new(10);
    let join = || single_flight.join(black_box("soul"), Instant::now(), PATIENCE, || false, || ());
    let _stays = join();
    bencher.bench(|| match join() {
        Join::Joined(handle) => single_flight.leave(&handle),
        other => panic!("the request is there: {other:?}"),
    });
}

#[divan::bench]
fn histogram_observe(bencher: Bencher) {
    let histogram = Histogram::default();
    bencher.bench(|| histogram.observe(black_box(Duration::from_micros(3_004_000))));
}

/// The cost of the metrics of a call with one attempt.
#[divan::bench]
fn metrics_of_a_call(bencher: Bencher) {
    let (calls, attempts) = (CallCounts::default(), AttemptCounts::default());
    let (answer, began) = (Answer::Missing { remember: true }, Instant::now());
    bencher.bench(|| {
        attempts.ended(black_box(&answer), Instant::now() - began);
        calls.ended(black_box(&Outcome::Missing), Instant::now() - began);
    });
}

fn store(path: &Path) -> FileStore {
    match FileStore::open(path, "http://relay:8765", HOUR) {
        Opened::Ours(store) => store,
        Opened::Without { warning } => panic!("{warning}"),
    }
}

/// A file of 10,000 souls.
fn store_file(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("missing");
    let store = store(&path);
    store.load(SystemTime::now(), |_, _| ());
    let souls = || (0..10_000).map(|n| (format!("f3a9c1d27b40:h:1b2c3d4e5f60:{n:012}").into(), HOUR)).collect();
    store.write(souls, SystemTime::now()).expect("a file that can be written");
    path
}

#[divan::bench]
fn store_file_open(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = store_file(folder.path());
    bencher.bench(|| store(&path));
}

#[divan::bench]
fn store_file_load_10_000_into_the_cache(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = store_file(folder.path());
    bencher.with_inputs(|| NegativeCache::new(policy(), Instant::now())).bench_refs(|cache| {
        let now = Instant::now();
        let loaded = store(&path).load(SystemTime::now(), |soul, _| assert!(cache.remember(soul, now).is_some()));
        assert_eq!(loaded.entries, 10_000);
    });
}

#[divan::bench]
fn store_file_write_10_000(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a folder");
    bencher.bench(|| store_file(folder.path()));
}

#[divan::bench]
fn store_file_invalidate(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = store_file(folder.path());
    let store = store(&path);
    let soul = "f3a9c1d27b40:h:1b2c3d4e5f60:000000000042";
    bencher.bench(|| store.invalidate(black_box(soul), || ()).1.expect("a log"));
}
