//! The pure parts of a call, each alone: `cargo bench --no-default-features`.

use bytes::Bytes;
use divan::{Bencher, black_box, counter::BytesCount};
use gun_native::flight::{Boarding, Deadline, Flights, Outcome};
use gun_native::histogram::Histogram;
use gun_native::metrics::{Calls, Exchanges};
use gun_native::negative_cache::NegativeCache;
use gun_native::record::read_answer;
use gun_native::relay::{Answer, classify};
use gun_native::store_file::{FileStore, Opened};
use http::header::HeaderMap;
use std::path::Path;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

const HOUR: Duration = Duration::from_secs(3_600);

fn main() {
    divan::main();
}

/// An answer of the relay with so many bytes of record; with `strings`, its `data` is a string of JSON.
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
    let cache = NegativeCache::new(10_000, HOUR, now);
    let soul = "f3a9c1d27b40:h:1b2c3d4e5f60:000000000042";
    cache.remember(soul, now);
    bencher.bench(|| cache.knows(black_box(soul), Instant::now()));
}

#[divan::bench]
fn cache_miss(bencher: Bencher) {
    let now = Instant::now();
    let cache = NegativeCache::new(10_000, HOUR, now);
    bencher.bench(|| cache.knows(black_box("f3a9c1d27b40:h:1b2c3d4e5f60:000000000042"), Instant::now()));
}

#[divan::bench]
fn flight_join_and_leave(bencher: Bencher) {
    let (flights, _departures) = Flights::<()>::new(10);
    let board = || flights.board(black_box("soul"), Instant::now(), Deadline::WithFlight(HOUR), || false, || ());
    let _stays = board();
    bencher.bench(|| match board() {
        Boarding::Joined(ticket) => flights.leave(&ticket),
        other => panic!("the flight is there: {other:?}"),
    });
}

#[divan::bench]
fn flight_from_begin_to_landing(bencher: Bencher) {
    let (flights, mut departures) = Flights::<()>::new(10);
    bencher.bench_local(|| {
        let deadline = Deadline::WithFlight(HOUR);
        let boarding = flights.board(black_box("soul"), Instant::now(), deadline, || false, || ());
        let flight = departures.try_recv().expect("a flight");
        (boarding, flights.land(&flight, || ()))
    });
}

#[divan::bench]
fn histogram_observe(bencher: Bencher) {
    let histogram = Histogram::default();
    bencher.bench(|| histogram.observe(black_box(Duration::from_micros(3_004_000))));
}

/// All that a call with one exchange pays for its figures.
#[divan::bench]
fn metrics_of_a_call(bencher: Bencher) {
    let (calls, exchanges) = (Calls::default(), Exchanges::default());
    let (answer, began) = (Answer::Missing { remember: true }, Instant::now());
    bencher.bench(|| {
        exchanges.begin().ended(black_box(&answer));
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
    bencher.with_inputs(|| NegativeCache::new(10_000, HOUR, Instant::now())).bench_refs(|cache| {
        let now = Instant::now();
        let loaded = store(&path).load(SystemTime::now(), |soul, _| assert!(cache.remember(soul, now)));
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
