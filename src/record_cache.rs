//! The opt-in cache of found records: bounded in bytes, with a TTL that is checked on every read.

use crate::record::RecordText;
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::Instant;

/// Bytes of an entry besides soul and text.
const ENTRY_BYTES: u64 = 128;

/// Assumed size of a record for the initial size of the tables, which grow.
const TYPICAL_BYTES: u64 = 4_096;

/// Size and TTL of a record cache.
#[derive(Debug, Clone, Copy)]
pub struct RecordPolicy {
    /// For how long a record is returned without a request; zero turns the cache off.
    pub ttl: Duration,
    /// Maximum bytes of all records.
    pub max_bytes: u64,
    /// For how long after its TTL a record is returned if the relay fails.
    pub stale_if_error: Duration,
}

/// Found records. All methods may be called from any thread.
#[derive(Debug)]
pub struct RecordCache {
    policy: RecordPolicy,
    entries: Cache<Arc<str>, Entry, Bytes, DefaultHashBuilder>,
    hits: AtomicU64,
    stale: AtomicU64,
}

#[derive(Debug, Clone)]
struct Entry {
    text: RecordText,
    fetched: Instant,
}

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Arc<str>, Entry> for Bytes {
    fn weight(&self, soul: &Arc<str>, entry: &Entry) -> u64 {
        soul.len() as u64 + entry.text.as_bytes().len() as u64 + ENTRY_BYTES
    }
}

/// `cacheStats().records`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct RecordStats {
    /// Calls answered from this cache.
    pub hits: u64,
    /// Current records, including expired ones until they are replaced or evicted.
    pub size: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Calls answered with an expired record because the relay failed.
    pub stale: u64,
}

impl RecordCache {
    /// An empty cache; `None` if the policy turns it off.
    pub fn new(policy: RecordPolicy) -> Option<Self> {
        if policy.ttl.is_zero() || policy.max_bytes == 0 {
            return None;
        }
        let options = OptionsBuilder::new()
            .estimated_items_capacity((policy.max_bytes / TYPICAL_BYTES).clamp(16, 100_000) as usize)
            .weight_capacity(policy.max_bytes)
            // One shard: with several, a record larger than one shard's part would never be cached.
            .shards(1)
            .hot_allocation(0.7)
            .build()
            .expect("both capacities are set");
        let lifecycle = quick_cache::sync::DefaultLifecycle::default();
        let entries = Cache::with_options(options, Bytes, DefaultHashBuilder::default(), lifecycle);
        Some(Self { policy, entries, hits: AtomicU64::new(0), stale: AtomicU64::new(0) })
    }

    /// The record, if it was fetched within the TTL.
    pub fn get(&self, soul: &str, now: Instant) -> Option<RecordText> {
        let entry = self.entries.get(soul)?;
        if now.saturating_duration_since(entry.fetched) >= self.policy.ttl {
            return None;
        }
        self.hits.fetch_add(1, Relaxed);
        Some(entry.text)
    }

    /// An expired record, for calls whose request failed.
    pub fn stale(&self, soul: &str, now: Instant) -> Option<RecordText> {
        if self.policy.stale_if_error.is_zero() {
            return None;
        }
        let entry = self.entries.get(soul)?;
        let age = now.saturating_duration_since(entry.fetched);
        (age < self.policy.ttl.saturating_add(self.policy.stale_if_error)).then_some(entry.text)
    }

    /// Counts calls that a stale record answered.
    pub fn count_stale(&self, calls: usize) {
        self.stale.fetch_add(calls as u64, Relaxed);
    }

    /// Adds a record that was fetched just now, replacing an older one.
    pub fn insert(&self, soul: &Arc<str>, text: RecordText, now: Instant) {
        self.entries.insert(Arc::clone(soul), Entry { text: text.unguarded(), fetched: now });
    }

    /// Forgets the soul's record.
    pub fn remove(&self, soul: &str) {
        self.entries.remove(soul);
    }

    /// Forgets all records.
    pub fn clear(&self) {
        self.entries.clear();
    }

    /// Counters and current sizes.
    pub fn stats(&self) -> RecordStats {
        RecordStats {
            hits: self.hits.load(Relaxed),
            size: self.entries.len(),
            bytes: self.entries.weight(),
            stale: self.stale.load(Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::read_answer;

    const TTL: Duration = Duration::from_secs(60);
    const POLICY: RecordPolicy = RecordPolicy { ttl: TTL, max_bytes: 100_000, stale_if_error: Duration::ZERO };

    fn record(bytes: usize) -> RecordText {
        let body = format!(r#"{{"success":true,"data":{{"a":"{}"}}}}"#, "x".repeat(bytes));
        read_answer(&body.into()).expect("usable").expect("a record")
    }

    fn cache(policy: RecordPolicy) -> RecordCache {
        RecordCache::new(policy).expect("it is on")
    }

    #[test]
    fn a_record_is_returned_until_its_ttl_is_over_and_a_newer_one_replaces_it() {
        let (cache, start, soul) = (cache(POLICY), Instant::now(), Arc::from("a"));
        cache.insert(&soul, record(1), start);
        assert_eq!(cache.get("a", start + TTL / 2), Some(record(1)));
        assert_eq!(cache.get("a", start + TTL), None);
        cache.insert(&soul, record(2), start + TTL);
        assert_eq!(cache.get("a", start + TTL), Some(record(2)));
        assert_eq!((cache.stats().size, cache.stats().hits), (1, 2));
    }

    #[test]
    fn an_expired_record_is_stale_only_if_that_is_asked_for_and_for_as_long() {
        let (start, soul) = (Instant::now(), Arc::from("a"));
        let plain = cache(POLICY);
        plain.insert(&soul, record(1), start);
        assert_eq!(plain.stale("a", start + TTL), None);
        let patient = cache(RecordPolicy { stale_if_error: TTL, ..POLICY });
        patient.insert(&soul, record(1), start);
        assert_eq!(patient.stale("a", start + TTL), Some(record(1)));
        assert_eq!(patient.stale("a", start + 2 * TTL), None);
    }

    #[test]
    fn its_size_is_bounded_in_bytes_whatever_the_number_of_records() {
        let (cache, now) = (cache(POLICY), Instant::now());
        for soul in 0..1_000 {
            cache.insert(&soul.to_string().into(), record(1_000), now);
        }
        let RecordStats { size, bytes, .. } = cache.stats();
        assert!(bytes <= 100_000, "{bytes}");
        assert!(size > 50, "{size}");
        cache.insert(&"large".into(), record(200_000), now);
        assert_eq!(cache.get("large", now), None, "larger than the cache");
        cache.insert(&"half".into(), record(50_000), now);
        assert!(cache.get("half", now).is_some());
    }

    #[test]
    fn a_policy_without_time_or_bytes_turns_it_off() {
        assert!(RecordCache::new(RecordPolicy { ttl: Duration::ZERO, ..POLICY }).is_none());
        assert!(RecordCache::new(RecordPolicy { max_bytes: 0, ..POLICY }).is_none());
    }
}
