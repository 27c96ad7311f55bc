//! The options that take whole numbers: names, variables, ranges and defaults.

use super::{Config, OptionValue};
use crate::error::Fault;
use std::ops::RangeInclusive;
use std::time::Duration;

/// The longest delay of Node's own timers (2^31 - 1 ms, about 25 days).
const MAX_TIMER_MS: u64 = 2_147_483_647;
/// Number.MAX_SAFE_INTEGER.
pub(super) const MAX_SAFE_INTEGER: u64 = 9_007_199_254_740_991;
/// V8's longest string on 64 bits: a larger body could not be passed to JavaScript.
const MAX_BODY_BYTES: u64 = 536_870_888;
/// About 1.5 GB of entries.
const MAX_CAPACITY: u64 = 10_000_000;

/// An option that takes a whole number.
pub(super) struct Setting {
    pub option: &'static str,
    pub variable: Option<&'static str>,
    pub range: RangeInclusive<u64>,
    /// `None` if the default is another setting.
    pub default: Option<u64>,
    pub apply: fn(&mut Config, u64),
}

pub(super) const SETTINGS: [Setting; 23] = [
    Setting {
        option: "cache.capacity",
        variable: Some("GUN_404_CACHE_SIZE"),
        range: 0..=MAX_CAPACITY,
        default: Some(10_000),
        apply: |config, entries| config.capacity = entries as usize,
    },
    Setting {
        option: "cache.ttlMs",
        variable: Some("GUN_404_CACHE_TTL_MS"),
        range: 1..=MAX_SAFE_INTEGER,
        default: Some(3_600_000),
        apply: |config, ms| config.ttl = Duration::from_millis(ms),
    },
    Setting {
        option: "cache.firstTtlMs",
        variable: Some("GUN_404_CACHE_FIRST_TTL_MS"),
        range: 1..=MAX_SAFE_INTEGER,
        default: None,
        apply: |config, ms| config.first_ttl = Some(Duration::from_millis(ms)),
    },
    Setting {
        option: "records.ttlMs",
        variable: Some("GUN_RECORD_CACHE_TTL_MS"),
        range: 0..=MAX_SAFE_INTEGER,
        default: Some(0),
        apply: |config, ms| config.record_ttl = Duration::from_millis(ms),
    },
    Setting {
        option: "records.maxBytes",
        variable: None,
        range: 0..=MAX_SAFE_INTEGER,
        default: Some(67_108_864),
        apply: |config, bytes| config.record_max_bytes = bytes,
    },
    Setting {
        option: "records.staleIfErrorMs",
        variable: None,
        range: 0..=MAX_SAFE_INTEGER,
        default: Some(0),
        apply: |config, ms| config.stale_if_error = Duration::from_millis(ms),
    },
    Setting {
        option: "attemptTimeoutMs",
        variable: Some("GUN_ATTEMPT_TIMEOUT_MS"),
        range: 1..=MAX_TIMER_MS,
        default: Some(20_000),
        apply: |config, ms| config.attempt_timeout = Duration::from_millis(ms),
    },
    Setting {
        option: "connectTimeoutMs",
        variable: None,
        range: 1..=MAX_TIMER_MS,
        default: Some(5_000),
        apply: |config, ms| config.connect_timeout = Duration::from_millis(ms),
    },
    Setting {
        option: "timeoutMs",
        variable: Some("GUN_TIMEOUT_MS"),
        range: 1..=MAX_TIMER_MS,
        default: Some(45_000),
        apply: |config, ms| config.timeout = Duration::from_millis(ms),
    },
    Setting {
        option: "queueTimeoutMs",
        variable: Some("GUN_QUEUE_TIMEOUT_MS"),
        range: 1..=MAX_TIMER_MS,
        default: Some(120_000),
        apply: |config, ms| config.queue_timeout = Duration::from_millis(ms),
    },
    Setting {
        option: "retries",
        variable: Some("GUN_RETRIES"),
        range: 0..=100,
        default: Some(2),
        apply: |config, retries| config.retry.retries = retries as u32,
    },
    Setting {
        option: "backoff.baseMs",
        variable: None,
        range: 0..=MAX_TIMER_MS,
        default: Some(200),
        apply: |config, ms| config.retry.base = Duration::from_millis(ms),
    },
    Setting {
        option: "backoff.maxMs",
        variable: None,
        range: 0..=MAX_TIMER_MS,
        default: Some(5_000),
        apply: |config, ms| config.retry.max = Duration::from_millis(ms),
    },
    Setting {
        option: "retryBudget.minPerSecond",
        variable: None,
        range: 0..=1_000_000,
        default: Some(10),
        apply: |config, retries| config.budget.iter_mut().for_each(|budget| budget.min_per_second = retries as f64),
    },
    Setting {
        option: "breaker.failures",
        variable: None,
        range: 1..=1_000_000,
        default: Some(50),
        apply: |config, attempts| config.breaker.iter_mut().for_each(|breaker| breaker.failures = attempts),
    },
    Setting {
        option: "breaker.afterMs",
        variable: None,
        range: 0..=MAX_TIMER_MS,
        default: Some(1_000),
        apply: |config, ms| config.breaker.iter_mut().for_each(|breaker| breaker.after = Duration::from_millis(ms)),
    },
    Setting {
        option: "breaker.probeEveryMs",
        variable: None,
        range: 1..=MAX_TIMER_MS,
        default: Some(1_000),
        apply: |config, ms| {
            config.breaker.iter_mut().for_each(|breaker| breaker.probe_every = Duration::from_millis(ms));
        },
    },
    Setting {
        option: "maxInFlight",
        variable: Some("GUN_MAX_IN_FLIGHT"),
        range: 1..=65_535,
        default: Some(256),
        apply: |config, requests| config.max_in_flight = requests as usize,
    },
    Setting {
        option: "maxQueue",
        variable: None,
        range: 0..=10_000_000,
        default: Some(10_000),
        apply: |config, requests| config.max_queue = requests as usize,
    },
    Setting {
        option: "maxBodyBytes",
        variable: Some("GUN_MAX_BODY_BYTES"),
        range: 1..=MAX_BODY_BYTES,
        default: Some(268_435_456),
        apply: |config, bytes| config.max_body_bytes = bytes as usize,
    },
    Setting {
        option: "maxBufferedBytes",
        variable: None,
        range: 1..=MAX_SAFE_INTEGER,
        default: Some(268_435_456),
        apply: |config, bytes| config.max_buffered_bytes = bytes,
    },
    Setting {
        option: "statsEvery",
        variable: None,
        range: 0..=MAX_SAFE_INTEGER,
        default: Some(100),
        apply: |config, calls| config.stats_every = calls,
    },
    Setting {
        option: "sweepEveryMs",
        variable: Some("GUN_404_CACHE_SWEEP_MS"),
        range: 1..=MAX_TIMER_MS,
        default: Some(3_600_000),
        apply: |config, ms| config.sweep_every = Duration::from_millis(ms),
    },
];

impl Setting {
    /// Applies the value if it is within the range; otherwise the error shows it.
    pub fn set(&self, config: &mut Config, what: &str, value: Option<u64>, shown: &OptionValue) -> Result<(), Fault> {
        match value.filter(|value| self.range.contains(value)) {
            Some(value) => {
                (self.apply)(config, value);
                Ok(())
            }
            None => Err(Fault::InvalidArgument(format!(
                "{what} must be an integer from {} to {}, got {shown}",
                self.range.start(),
                self.range.end()
            ))),
        }
    }
}
