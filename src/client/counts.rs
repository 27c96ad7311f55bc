//! Counters of a client: settled calls, the snapshot, and circuit changes.

use super::{Client, Shared};
use crate::metrics::Metrics;
use crate::negative_cache::Mirror;
use crate::notice::{Circuit, Notice};
use crate::record_cache::RecordCache;
use crate::single_flight::Caller;
use crate::stats::{BreakerState, Requests, Snapshot, StatsLine, hit_rate};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::time::Instant;

impl<C: Caller> Client<C> {
    /// Counts a settled call and whether the cache answered it; returns the stats line if one is due.
    pub fn count_settled(&self, is_hit: bool) -> Option<StatsLine> {
        let Shared { knowledge, stats, stats_every: every, .. } = &*self.shared;
        let line = knowledge.missing.allow_mirrored(|mirrored| {
            let line = stats.count_settled(is_hit, mirrored, *every);
            (line, stats.until_line(mirrored, *every))
        });
        self.stats_line(line)
    }

    /// Counts a hit on the thread of this mirror, if there is one.
    pub fn count_hit(&self, mirror: Option<&Mirror>) -> Option<StatsLine> {
        let Shared { knowledge, stats, stats_every: every, .. } = &*self.shared;
        let mirrored = knowledge.missing.counts().mirrored_hits.load(Relaxed);
        let line = stats.count_settled(true, mirrored, *every);
        if let Some(mirror) = mirror {
            mirror.allow(stats.until_line(mirrored, *every));
        }
        self.stats_line(line)
    }

    fn stats_line(&self, line: Option<(u64, u64)>) -> Option<StatsLine> {
        line.map(|(hits, calls)| StatsLine { hits, calls, size: self.shared.knowledge.missing.size() })
    }

    /// All figures, including those of `cacheStats()`.
    pub fn metrics(&self) -> Metrics {
        let Shared { stats, calls, attempts, .. } = &*self.shared;
        Metrics::new(self.snapshot(), stats.exhausted.load(Relaxed), calls, attempts)
    }

    /// The result of `cacheStats()`.
    pub fn snapshot(&self) -> Snapshot {
        let Shared { knowledge, admission, stats, attempts, .. } = &*self.shared;
        let (cache, durations) = (&knowledge.missing, attempts.durations());
        let size = cache.size(); // first: it works off the reads of mirrors
        let mirrored = cache.counts().mirrored_hits.load(Relaxed);
        let (hits, total) = (stats.hits.load(Relaxed) + mirrored, stats.total.load(Relaxed) + mirrored);
        let counts = cache.counts();
        let in_flight = stats.in_flight.now();
        Snapshot {
            hits,
            total,
            hit_rate: hit_rate(hits, total),
            size,
            capacity: cache.capacity(),
            ttl_ms: cache.ttl().as_millis() as u64,
            inserts: counts.inserts.load(Relaxed),
            evictions: counts.evictions.load(Relaxed),
            expirations: counts.expirations.load(Relaxed),
            invalidations: counts.invalidations.load(Relaxed),
            requests: Requests {
                sent: stats.sent.load(Relaxed),
                coalesced: stats.coalesced.load(Relaxed),
                retried: stats.retried.load(Relaxed),
                in_flight,
                queued: self.shared.queued(),
                found: stats.found.load(Relaxed),
                missing: stats.missing.load(Relaxed),
                failed: stats.failed(),
                p50: durations.quantile_ms(0.5),
                p90: durations.quantile_ms(0.9),
                p99: durations.quantile_ms(0.99),
                refreshed: stats.refreshed.load(Relaxed),
            },
            breaker: BreakerState::new(&admission.breaker.circuit(), Instant::now()),
            store: knowledge.store(),
            records: knowledge.records.as_ref().map(RecordCache::stats),
        }
    }
}

impl<C> Shared<C> {
    /// Reports that a relay's circuit opened or closed.
    pub fn circuit_changed(&self, relay: &Arc<str>, is_open: bool, lasted: Duration, last_error: String) {
        let failed_calls = self.calls.failed_so_far() - self.failed_before.load(Relaxed);
        let relay = Arc::clone(relay);
        (self.on_notice)(Notice::Circuit(Circuit { relay, is_open, lasted, failed_calls, last_error }));
    }

    /// The first relay gave a proper answer.
    pub fn answered(&self) {
        self.failed_before.store(self.calls.failed_so_far(), Relaxed);
    }

    /// Requests that wait for a permit.
    pub fn queued(&self) -> u64 {
        let active = self.single_flight.active_count() as u64;
        active.saturating_sub(self.stats.in_flight.now() + self.stats.backing_off.now())
    }
}
