//! What a client does for its stores and its mirrors, and what a shared store reports to it.

use super::{Client, Shared};
use crate::error::{CallError, Fault};
use crate::negative_cache::Mirror;
use crate::single_flight::Caller;
use crate::store::shared::Flush;
use crate::store::{Listener, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

impl<C: Caller> Client<C> {
    /// A mirror for one thread.
    pub fn add_mirror(&self) -> Option<Arc<Mirror>> {
        self.shared.knowledge.missing.add_mirror()
    }

    /// Now, as a mirror's `trusted_until`.
    pub fn mirror_time(&self) -> f64 {
        self.shared.knowledge.missing.mirror_time(Instant::now())
    }

    /// Removes the mirror of a thread that has ended.
    pub fn remove_mirror(&self, mirror: &Arc<Mirror>) {
        self.shared.knowledge.missing.remove_mirror(mirror);
    }

    /// The place of a soul's entry in the negative cache, if mirrors may answer from it.
    pub fn to_mirror(&self, soul: &str) -> Option<u32> {
        let (place, begins_lease) = self.shared.knowledge.missing.to_mirror(soul, Instant::now())?;
        if begins_lease {
            self.shared.on_lease.notify_one();
        }
        Some(place)
    }

    /// Whether there is something to [persist](Client::persist).
    pub fn has_file(&self) -> bool {
        self.shared.knowledge.has_file()
    }

    /// Whether there is a shared store.
    pub fn has_shared_store(&self) -> bool {
        self.shared.knowledge.shared_store().is_some()
    }

    /// Calls `on_flushed` when every invalidation so far has reached the shared store, or with an error if that is not
    /// confirmed within 2 s. Without a store it is called at once.
    pub fn flushed(&self, on_flushed: impl FnOnce(Result<(), CallError>) + Send + 'static) {
        let Some(store) = self.shared.knowledge.shared_store() else { return on_flushed(Ok(())) };
        let unconfirmed = self.shared.refusal(Fault::Closed, "");
        store.flushed_then(move |result| {
            let fault = |error: StoreError| Fault::CacheStore(error.to_string().into());
            on_flushed(result.map_err(|error| CallError { fault: fault(error), ..unconfirmed }));
        });
    }

    /// Writes the cache file before the process exits. Blocks.
    pub fn persist(&self) {
        self.shared.knowledge.write();
    }
}

impl<C: Caller> Listener for Shared<C> {
    fn forget(&self, soul: &str) {
        self.single_flight.invalidate(soul, || self.knowledge.forget(soul));
    }

    fn forget_all(&self, _cause: Flush) {
        self.single_flight.invalidate_all(|| self.knowledge.forget_all());
    }

    fn trusted_until(&self, until: Option<Instant>) {
        self.knowledge.missing.trust_mirrors(until);
    }

    fn lost(&self, why: &str) {
        self.notify(self.knowledge.store_lost(why));
    }

    fn back(&self, down_for: Duration) {
        self.notify(self.knowledge.store_back(down_for));
    }
}
