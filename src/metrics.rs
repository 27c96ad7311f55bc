//! Figures of `gun-native/metrics` that `cacheStats()` lacks: outcomes and durations of calls and attempts.

use crate::error::CallError;
use crate::histogram::{self, Distribution, Histogram};
use crate::relay::Answer;
use crate::single_flight::Outcome;
use crate::stats::{ByCode, Snapshot, Stats};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Calls that waited for the relay, from beginning to end. Cache hits are not among them: they are counted elsewhere, and
/// reading the clock would take longer than the hit.
#[derive(Debug, Default)]
pub struct CallCounts {
    found: AtomicU64,
    missing: AtomicU64,
    aborted: AtomicU64,
    failed: ByCode,
    durations: Histogram,
}

impl CallCounts {
    /// Counts a call that ended after `took`.
    pub fn ended(&self, outcome: &Outcome, took: Duration) {
        match outcome {
            Outcome::Found(_) => Stats::count(&self.found),
            Outcome::Missing => Stats::count(&self.missing),
            Outcome::Failed(error) => self.failed.count(error.fault.code()),
        };
        self.durations.observe(took);
    }

    /// Counts a call that failed without a request.
    pub fn failed_at_once(&self, error: &CallError) {
        self.failed.count(error.fault.code());
        self.durations.observe(Duration::ZERO);
    }

    /// Calls that failed so far.
    pub fn failed_so_far(&self) -> u64 {
        self.failed.sum()
    }

    /// Counts a call whose caller left after `took`.
    pub fn aborted(&self, took: Duration) {
        Stats::count(&self.aborted);
        self.durations.observe(took);
    }
}

/// Attempts: each is one HTTP exchange.
#[derive(Debug, Default)]
pub struct AttemptCounts {
    by_class: [AtomicU64; CLASSES.len()],
    failed: ByCode,
    cancelled: AtomicU64,
    durations: Histogram,
}

/// Classes of HTTP statuses. `none`: the attempt ended before a status was read.
const CLASSES: [&str; 6] = ["none", "2xx", "3xx", "4xx", "5xx", "other"];

/// The index in [`CLASSES`].
fn class_of(status: Option<u16>) -> usize {
    match status {
        None => 0,
        Some(status @ 200..600) => usize::from(status / 100) - 1,
        Some(_) => CLASSES.len() - 1,
    }
}

impl AttemptCounts {
    /// Counts an attempt that ended after `took`, with or without an answer.
    pub fn ended(&self, answer: &Answer, took: Duration) {
        Stats::count(&self.by_class[class_of(answer.status())]);
        if let Answer::Failed { fault, .. } = answer {
            self.failed.count(fault.code());
        }
        self.durations.observe(took);
    }

    /// Counts an attempt whose last caller left after `took`.
    pub fn cancelled(&self, took: Duration) {
        Stats::count(&self.by_class[class_of(None)]);
        Stats::count(&self.cancelled);
        self.durations.observe(took);
    }

    /// How long they took.
    pub fn durations(&self) -> Distribution {
        self.durations.distribution()
    }
}

/// All figures of a client at one moment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// What `cacheStats()` gives.
    pub stats: Snapshot,
    /// Requests that ended with a transient failure.
    pub exhausted: u64,
    /// How calls ended.
    pub calls: Ended,
    /// How exchanges ended.
    pub exchanges: Ended,
    /// Upper bounds of the buckets of both, in seconds.
    pub bounds: Box<[f64]>,
}

/// Counts by outcome, and latencies.
#[derive(Debug, Serialize)]
pub struct Ended {
    /// By outcome or class of status.
    pub by: BTreeMap<&'static str, u64>,
    /// Failures by code; codes that never occurred are 0.
    pub failed: BTreeMap<&'static str, u64>,
    /// How long they took.
    pub durations: Distribution,
}

impl Metrics {
    /// Collects a client's counts.
    pub fn new(stats: Snapshot, exhausted: u64, calls: &CallCounts, exchanges: &AttemptCounts) -> Self {
        let calls = calls.so_far(stats.hits);
        Self { calls, exchanges: exchanges.so_far(), stats, exhausted, bounds: histogram::bounds().into() }
    }
}

impl CallCounts {
    /// `hits` are cache hits, which take less than a microsecond and belong in the lowest bucket.
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

impl AttemptCounts {
    fn so_far(&self) -> Ended {
        let by = CLASSES.into_iter().zip(&self.by_class).map(|(class, count)| (class, count.load(Relaxed))).collect();
        let mut failed = self.failed.all();
        failed.insert("cancelled", self.cancelled.load(Relaxed));
        Ended { by, failed, durations: self.durations() }
    }
}
