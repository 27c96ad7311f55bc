//! Counters of calls and requests, the snapshot for `cacheStats()`, and the two log lines.

use crate::breaker::Circuit;
use crate::error::Code;
use crate::knowledge::StoreSnapshot;
use crate::record_cache::RecordStats;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tokio::time::Instant;

/// Counters, which only grow, and gauges. They are independent: no order between them.
#[derive(Debug, Default)]
pub struct Stats {
    /// Calls with valid arguments on an open client; each soul of a batch is one.
    pub total: AtomicU64,
    /// Calls answered from the cache.
    pub hits: AtomicU64,
    /// Calls settled, whatever the outcome.
    settled: AtomicU64,
    /// Of those, calls answered from the cache.
    settled_hits: AtomicU64,
    /// Stats lines that were due.
    lines: AtomicU64,
    /// Attempts sent.
    pub sent: AtomicU64,
    /// Of those, attempts after the first.
    pub retried: AtomicU64,
    /// Attempts that refreshed an entry in the background.
    pub refreshed: AtomicU64,
    /// Calls that joined a request in flight.
    pub coalesced: AtomicU64,
    /// Requests that ended with a record.
    pub found: AtomicU64,
    /// Requests that ended with no record.
    pub missing: AtomicU64,
    failed: ByCode,
    /// Those of them with a transient failure: no attempts or no time were left.
    pub exhausted: AtomicU64,
    /// Requests in flight.
    pub in_flight: Gauge,
    /// Requests in backoff.
    pub backing_off: Gauge,
}

impl Stats {
    /// Counts one; returns the new count.
    pub fn count(counter: &AtomicU64) -> u64 {
        counter.fetch_add(1, Relaxed) + 1
    }

    /// Counts a request that failed for good.
    pub fn count_failed(&self, code: Code) {
        self.failed.count(code);
    }

    /// How often requests failed, by code, without the codes that never occurred.
    pub fn failed(&self) -> BTreeMap<&'static str, u64> {
        let mut failed = self.failed.all();
        failed.retain(|_, times| *times > 0);
        failed
    }

    /// Counts a settled call and whether it was a hit; `mirrored` hits count besides. Returns `(hits, settled)` at
    /// every multiple of `every` settled calls.
    pub fn count_settled(&self, is_hit: bool, mirrored: u64, every: u64) -> Option<(u64, u64)> {
        if is_hit {
            Self::count(&self.settled_hits);
        }
        let settled = Self::count(&self.settled) + mirrored;
        let line = settled.checked_div(every)?;
        // Other threads may have counted a hit and not yet its call, or more calls than one.
        let is_due = self.lines.fetch_max(line, Relaxed) < line;
        is_due.then(|| ((self.settled_hits.load(Relaxed) + mirrored).min(line * every), line * every))
    }

    /// How many calls may settle before the next line is due.
    pub fn until_line(&self, mirrored: u64, every: u64) -> u64 {
        let settled = self.settled.load(Relaxed) + mirrored;
        settled.checked_rem(every).map_or(u64::MAX, |past| every - past - 1)
    }
}

/// Failures counted by their code.
#[derive(Debug, Default)]
pub struct ByCode([AtomicU64; Code::ALL.len()]);

impl ByCode {
    /// All of them.
    pub fn sum(&self) -> u64 {
        self.0.iter().map(|count| count.load(Relaxed)).sum()
    }

    /// Counts one.
    pub fn count(&self, code: Code) -> u64 {
        Stats::count(&self.0[code as usize])
    }

    /// Counts by code: 0 for codes that never occurred, without codes that no counted call ends with.
    pub fn all(&self) -> BTreeMap<&'static str, u64> {
        let counted = Code::ALL.into_iter().filter(|code| code.ends_a_call());
        counted.map(|code| (code.as_str(), self.0[code as usize].load(Relaxed))).collect()
    }
}

/// A current number.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// Counts one until the guard is dropped.
    pub fn enter(&self) -> GaugeGuard<'_> {
        self.0.fetch_add(1, Relaxed);
        GaugeGuard(self)
    }

    /// How many there are.
    pub fn now(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Counts for a [`Gauge`] until dropped.
#[must_use = "the gauge goes down when this is dropped"]
pub struct GaugeGuard<'g>(&'g Gauge);

impl Drop for GaugeGuard<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Relaxed);
    }
}

/// What `cacheStats()` gives, in the order and with the names of the contract.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Calls answered from the cache.
    pub hits: u64,
    /// Calls begun.
    pub total: u64,
    /// Hits in all calls, from 0 to 1.
    pub hit_rate: f64,
    /// Entries of the cache.
    pub size: usize,
    /// Maximum entries.
    pub capacity: usize,
    /// TTL of an entry in milliseconds.
    pub ttl_ms: u64,
    /// Entries added.
    pub inserts: u64,
    /// Entries evicted by newer ones.
    pub evictions: u64,
    /// Expired entries that were removed.
    pub expirations: u64,
    /// Entries removed before they expired.
    pub invalidations: u64,
    /// The requests behind the calls.
    pub requests: Requests,
    /// The relay's circuit.
    pub breaker: BreakerState,
    /// The store behind the cache, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreSnapshot>,
    /// The cache of found records, if it is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<RecordStats>,
}

/// `cacheStats().breaker`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BreakerState {
    /// `closed` or `open`.
    pub state: &'static str,
    /// Milliseconds that it has been in this state.
    pub since_ms: u64,
    /// The relay's last failure since its last proper answer, as a sentence.
    pub last_error: Option<String>,
}

impl BreakerState {
    /// The state of a circuit at this time.
    pub fn new(circuit: &Circuit, now: Instant) -> Self {
        Self {
            state: if circuit.is_open { "open" } else { "closed" },
            since_ms: now.saturating_duration_since(circuit.since).as_millis() as u64,
            last_error: circuit.last.as_ref().map(|fault| fault.to_string()),
        }
    }
}

/// The requests in a [`Snapshot`].
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Requests {
    /// Attempts sent.
    pub sent: u64,
    /// Calls that joined a request in flight.
    pub coalesced: u64,
    /// Attempts after the first.
    pub retried: u64,
    /// Requests in flight.
    pub in_flight: u64,
    /// Requests that wait for a permit.
    pub queued: u64,
    /// Requests that ended with a record.
    pub found: u64,
    /// Requests that ended with no record.
    pub missing: u64,
    /// Requests that failed for good, by code.
    pub failed: BTreeMap<&'static str, u64>,
    /// Median attempt time in ms, estimated from the histogram.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Attempts that refreshed an entry in the background.
    pub refreshed: u64,
}

/// `hits / total`, or 0 if `total` is 0.
pub fn hit_rate(hits: u64, total: u64) -> f64 {
    if total == 0 { 0.0 } else { hits as f64 / total as f64 }
}

/// The stats line. Operators search for it, so it must stay byte for byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatsLine {
    /// Those of the calls that were answered from the cache.
    pub hits: u64,
    /// Calls settled.
    pub calls: u64,
    /// Entries of the cache.
    pub size: usize,
}

impl fmt::Display for StatsLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hits, calls, size } = self;
        let percent = 100.0 * hit_rate(*hits, *calls);
        write!(f, "📊 [GUN 404 Cache] {hits}/{calls} hits ({percent:.1}% cache hit rate, {size} cached souls)")
    }
}

/// The line after a sweep that removed something. Operators search for it, so it must stay byte for byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepLine {
    /// Expired entries that were removed.
    pub removed: usize,
    /// Entries left.
    pub remain: usize,
}

impl fmt::Display for SweepLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { removed, remain } = self;
        write!(f, "🧹 [GUN 404 Cache] Cleaned {removed} expired entries, {remain} remain")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_byte_for_byte_those_that_operators_search_for() {
        let line = |hits, calls, size| StatsLine { hits, calls, size }.to_string();
        assert_eq!(line(45, 100, 55), "📊 [GUN 404 Cache] 45/100 hits (45.0% cache hit rate, 55 cached souls)");
        assert_eq!(line(78, 200, 122), "📊 [GUN 404 Cache] 78/200 hits (39.0% cache hit rate, 122 cached souls)");
        assert_eq!(line(0, 0, 0), "📊 [GUN 404 Cache] 0/0 hits (0.0% cache hit rate, 0 cached souls)");
        assert_eq!(
            SweepLine { removed: 45, remain: 500 }.to_string(),
            "🧹 [GUN 404 Cache] Cleaned 45 expired entries, 500 remain"
        );
    }

    #[test]
    fn every_nth_settled_call_returns_the_hits_so_far_and_none_when_n_is_0() {
        let stats = Stats::default();
        let lines: Vec<_> = (0..10).filter_map(|call| stats.count_settled(call % 2 == 0, 0, 3)).collect();
        assert_eq!(lines, [(2, 3), (3, 6), (5, 9)]);
        assert_eq!(stats.count_settled(false, 0, 0), None);
    }

    #[test]
    fn a_gauge_goes_down_when_its_guard_is_dropped() {
        let gauge = Gauge::default();
        let guard = gauge.enter();
        assert_eq!(gauge.now(), 1);
        drop(guard);
        assert_eq!(gauge.now(), 0);
    }
}
