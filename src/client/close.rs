//! How a client ends: by [`Client::close`], or with its last owner.

use super::{Client, Shared};
use crate::lock::lock;
use crate::single_flight::Caller;
use std::mem;
use std::sync::atomic::Ordering::Relaxed;

/// State of closing.
pub(super) enum End {
    /// It is open.
    Open,
    /// It has been closed and waits for its driver.
    Closing(Box<dyn FnOnce() + Send>),
    /// Its driver has ended.
    Ended,
}

impl<C: Caller> Client<C> {
    /// Accepts no new calls. `on_closed` runs when every call has settled and the connections are closed. Call it once.
    pub fn close(&self, on_closed: impl FnOnce() + Send + 'static) {
        let shared = &*self.shared;
        shared.is_closed.store(true, Relaxed);
        shared.knowledge.missing.forget_mirrored();
        let mut end = lock(&shared.end);
        if matches!(*end, End::Ended) {
            drop(end);
            return on_closed();
        }
        *end = End::Closing(Box::new(on_closed));
        drop(end);
        shared.single_flight.close();
    }

    /// Whether [`Client::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed.load(Relaxed)
    }
}

impl<C> Drop for Shared<C> {
    fn drop(&mut self) {
        // The file first: when the driver ends, another client may open it.
        self.knowledge.release();
        // No caller is left, so the driver ends.
        self.single_flight.close();
    }
}

impl<C> Shared<C> {
    /// Called when the driver has ended: `close` has nothing left to wait for.
    pub(super) fn driver_ended(&self) {
        let end = mem::replace(&mut *lock(&self.end), End::Ended);
        if let End::Closing(on_closed) = end {
            on_closed();
        }
    }
}
