//! Latencies in fixed buckets: counted without a lock, as Prometheus wants them.

use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper bounds of the buckets in microseconds, from 1 ms to 45 s, the default timeout. They are close together around 3.0 s,
/// the time that a relay takes to report a missing record.
const BOUNDS_US: [u64; BOUNDS] = [
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 3_000_000, 3_100_000,
    3_250_000, 3_500_000, 5_000_000, 10_000_000, 20_000_000, 45_000_000,
];
const BOUNDS: usize = 19;

/// The buckets, the last of which has no upper bound.
pub const BUCKETS: usize = BOUNDS + 1;

/// Counts of durations.
#[derive(Debug, Default)]
pub struct Histogram {
    counts: [AtomicU64; BUCKETS],
    sum_ns: AtomicU64,
}

impl Histogram {
    /// Counts a duration: two additions, no lock, no allocation.
    pub fn observe(&self, took: Duration) {
        // 64 bits of nanoseconds are 584 years.
        let ns = took.as_nanos() as u64;
        let bucket = BOUNDS_US.partition_point(|bound| bound * 1_000 < ns);
        self.counts[bucket].fetch_add(1, Relaxed);
        self.sum_ns.fetch_add(ns, Relaxed);
    }

    /// What was counted so far.
    pub fn distribution(&self) -> Distribution {
        let buckets = std::array::from_fn(|bucket| self.counts[bucket].load(Relaxed));
        let sum = Duration::from_nanos(self.sum_ns.load(Relaxed)).as_secs_f64();
        Distribution { buckets, sum }
    }
}

/// What a [`Histogram`] has counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Distribution {
    /// Count of each bucket, not cumulative.
    pub buckets: [u64; BUCKETS],
    /// Sum of all durations in seconds.
    pub sum: f64,
}

impl Distribution {
    /// The quantile `part` (0 to 1) in milliseconds, estimated as in Prometheus: durations are assumed to be spread evenly over
    /// their bucket. Beyond the last bound it is that bound. 0 if nothing was counted.
    pub fn quantile_ms(&self, part: f64) -> f64 {
        let total: u64 = self.buckets.iter().sum();
        let rank = part * total as f64;
        let mut below = 0.0;
        for (bucket, count) in self.buckets.into_iter().enumerate() {
            let count = count as f64;
            if count > 0.0 && below + count >= rank {
                let lower = bucket.checked_sub(1).map_or(0, |before| BOUNDS_US[before]) as f64;
                let upper = BOUNDS_US.get(bucket).map_or(lower, |bound| *bound as f64);
                return (lower + (upper - lower) * (rank - below) / count) / 1_000.0;
            }
            below += count;
        }
        0.0
    }
}

/// The upper bounds of all buckets but the last, in seconds.
pub fn bounds() -> [f64; BOUNDS] {
    BOUNDS_US.map(|bound| bound as f64 / 1_000_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(millis: impl IntoIterator<Item = u64>) -> Distribution {
        let histogram = Histogram::default();
        for ms in millis {
            histogram.observe(Duration::from_millis(ms));
        }
        histogram.distribution()
    }

    #[test]
    fn bounds_rise_and_belong_to_the_bucket_below_them() {
        assert!(BOUNDS_US.is_sorted());
        for (bucket, bound) in BOUNDS_US.into_iter().enumerate() {
            let histogram = Histogram::default();
            histogram.observe(Duration::from_micros(bound));
            histogram.observe(Duration::from_nanos(bound * 1_000 + 1));
            let Distribution { buckets, .. } = histogram.distribution();
            assert_eq!((buckets[bucket], buckets[bucket + 1]), (1, 1), "{bound}");
        }
        assert_eq!((bounds()[0], bounds()[12], bounds()[18]), (0.001, 3.1, 45.0));
    }

    #[test]
    fn the_sum_is_that_of_all_times() {
        assert_eq!(of([1, 2_000, 60_000]).sum, 62.001);
    }

    #[test]
    fn quantiles_lie_within_the_bucket_that_holds_them() {
        let distribution = of((0..90).map(|_| 20).chain((0..10).map(|_| 3_050)));
        // 20 ms is between 10 and 25; half of all are 50 of its 90.
        assert_eq!(distribution.quantile_ms(0.5), 10.0 + 15.0 * 50.0 / 90.0);
        assert_eq!(distribution.quantile_ms(0.9), 25.0);
        assert_eq!(distribution.quantile_ms(0.99), 3_090.0);
        assert_eq!(distribution.quantile_ms(0.0), 10.0);
    }

    #[test]
    fn beyond_the_last_bound_a_quantile_is_that_bound_and_of_nothing_it_is_0() {
        assert_eq!(of([100_000]).quantile_ms(0.5), 45_000.0);
        assert_eq!(of([]).quantile_ms(0.99), 0.0);
    }

    #[test]
    fn the_longest_time_there_is_counts_like_any_other() {
        let histogram = Histogram::default();
        histogram.observe(Duration::MAX);
        assert_eq!(histogram.distribution().buckets[BUCKETS - 1], 1);
    }
}
