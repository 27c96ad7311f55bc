//! What `gun-native/metrics` tells beyond `cacheStats()`: how calls and exchanges ended, and how long they took.

use crate::error::CallError;
use crate::histogram::{self, Distribution, Histogram};
use crate::relay::Answer;
use crate::single_flight::Outcome;
use crate::stats::{ByCode, Snapshot, Stats};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::Instant;

/// Calls that waited for the relay, each from its beginning to its end. Known-missing answers are not among them: they
/// are counted already, and to take their time would cost more than they do.
#[derive(Debug, Default)]
pub struct Calls {
    found: AtomicU64,
    missing: AtomicU64,
    aborted: AtomicU64,
    failed: ByCode,
    durations: Histogram,
}

impl Calls {
    /// Counts a call that got its outcome after so long.
    pub fn ended(&self, outcome: &Outcome, took: Duration) {
        match outcome {
            Outcome::Found(_) => Stats::count(&self.found),
            Outcome::Missing => Stats::count(&self.missing),
            Outcome::Failed(error) => self.failed.count(error.fault.code()),
        };
        self.durations.observe(took);
    }

    /// Counts a call that was refused a request.
    pub fn failed_at_once(&self, error: &CallError) {
        self.failed.count(error.fault.code());
        self.durations.observe(Duration::ZERO);
    }

    /// Counts a call whose caller left it after so long.
    pub fn aborted(&self, took: Duration) {
        Stats::count(&self.aborted);
        self.durations.observe(took);
    }
}

/// HTTP exchanges: each attempt is one.
#[derive(Debug, Default)]
pub struct Exchanges {
    by_class: [AtomicU64; CLASSES.len()],
    failed: ByCode,
    cancelled: AtomicU64,
    durations: Histogram,
}

/// Classes of HTTP statuses. `none` is for an exchange that ended before a status was read.
const CLASSES: [&str; 6] = ["none", "2xx", "3xx", "4xx", "5xx", "other"];

/// The place in [`CLASSES`].
fn class_of(status: Option<u16>) -> usize {
    match status {
        None => 0,
        Some(status @ 200..600) => usize::from(status / 100) - 1,
        Some(_) => CLASSES.len() - 1,
    }
}

impl Exchanges {
    /// Begins one.
    pub fn begin(&self) -> Exchange<'_> {
        Exchange { exchanges: self, began: Instant::now(), is_answered: false }
    }

    /// How long they took.
    pub fn durations(&self) -> Distribution {
        self.durations.distribution()
    }
}

/// An exchange under way. Dropped without an answer it counts as cancelled: its last caller has left.
#[derive(Debug)]
#[must_use = "the exchange ends when this is dropped"]
pub struct Exchange<'e> {
    exchanges: &'e Exchanges,
    began: Instant,
    is_answered: bool,
}

impl Exchange<'_> {
    /// Ends it with what the relay's answer, or its failing to answer, means.
    pub fn ended(mut self, answer: &Answer) {
        self.is_answered = true;
        Stats::count(&self.exchanges.by_class[class_of(answer.status())]);
        if let Answer::Failed { fault, .. } = answer {
            self.exchanges.failed.count(fault.code());
        }
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            Stats::count(&self.exchanges.by_class[class_of(None)]);
            Stats::count(&self.exchanges.cancelled);
        }
        self.exchanges.durations.observe(self.began.elapsed());
    }
}

/// All figures of a client at one moment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// What `cacheStats()` gives.
    pub stats: Snapshot,
    /// Requests given up with a failure that might have passed.
    pub exhausted: u64,
    /// How calls ended.
    pub calls: Ended,
    /// How exchanges ended.
    pub exchanges: Ended,
    /// Upper bounds of the buckets of both, in seconds.
    pub bounds: Box<[f64]>,
}

/// Counts by how something ended, and its latency.
#[derive(Debug, Serialize)]
pub struct Ended {
    /// By outcome or class of status.
    pub by: BTreeMap<&'static str, u64>,
    /// Of those, the ones that failed, by code; codes that never occurred are 0.
    pub failed: BTreeMap<&'static str, u64>,
    /// How long they took.
    pub durations: Distribution,
}

impl Metrics {
    /// Puts a client's counts together.
    pub fn new(stats: Snapshot, exhausted: u64, calls: &Calls, exchanges: &Exchanges) -> Self {
        let calls = calls.so_far(stats.hits);
        Self { calls, exchanges: exchanges.so_far(), stats, exhausted, bounds: histogram::bounds().into() }
    }
}

impl Calls {
    /// `hits` are known-missing answers, which take less than a microsecond and belong in the lowest bucket.
    fn so_far(&self, hits: u64) -> Ended {
        let failed = self.failed.all();
        let mut durations = self.durations.distribution();
        durations.buckets[0] += hits;
        let by = BTreeMap::from([
            ("known_missing", hits),
            ("found", self.found.load(Relaxed)),
            ("missing", self.missing.load(Relaxed)),
            ("failed", failed.values().sum()),
            ("aborted", self.aborted.load(Relaxed)),
        ]);
        Ended { by, failed, durations }
    }
}

impl Exchanges {
    fn so_far(&self) -> Ended {
        let by = CLASSES.into_iter().zip(&self.by_class).map(|(class, count)| (class, count.load(Relaxed))).collect();
        let mut failed = self.failed.all();
        failed.insert("cancelled", self.cancelled.load(Relaxed));
        Ended { by, failed, durations: self.durations() }
    }
}
