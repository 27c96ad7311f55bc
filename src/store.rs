//! Stores behind the in-memory cache of missing souls, which outlive the process.

pub mod file;
pub mod shared;

use std::fmt;
use std::time::Duration;
use tokio::time::Instant;

/// Counters of a store, for `cacheStats().store`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreStats {
    /// Whether the store is usable now.
    pub connected: bool,
    /// Entries learned from the store.
    pub loaded: u64,
    /// Look-ups that the store answered with "missing".
    pub hits: u64,
    /// Sessions, look-ups and writes that failed.
    pub errors: u64,
}

/// The store could not confirm an operation: `ERR_GUN_CACHE_STORE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreError {
    /// The store as it may be shown: without credentials.
    pub store: String,
    /// What happened and what to do, as a sentence without credentials.
    pub message: String,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cache store {}: {}", self.store, self.message)
    }
}

impl std::error::Error for StoreError {}

/// Callbacks of a shared store to its client. Called on the network thread, with no lock of the store held.
pub trait Listener: Send + Sync + 'static {
    /// Another process invalidated the soul: forget it and detach its request, as a local invalidation does.
    fn forget(&self, soul: &str);
    /// Forget every soul, wherever that was learned, and detach every request. See [`shared::Flush`] for why.
    fn forget_all(&self, cause: shared::Flush);
    /// Until when what was learned may be used without a further answer of the store; `None` while it is off.
    fn trusted_until(&self, until: Option<Instant>);
    /// The store is lost; called once per outage with a sentence without credentials. Calls continue without it.
    fn lost(&self, why: &str);
    /// The store is back after this time; follows [`Listener::lost`].
    fn back(&self, down_for: Duration);
}
