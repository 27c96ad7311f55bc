//! The way to the relay: past the breaker, to one of the permits on the wire, as far as the retry budget goes.

use crate::breaker::Breaker;
use crate::budget::RetryBudget;
use crate::config::Config;
use crate::error::Fault;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// What decides whether and when a client's requests go on the admission. To be asked on the network's thread.
pub struct Admission {
    pub breaker: Breaker,
    budget: Mutex<RetryBudget>,
    /// Places on the wire, given in the order in which they are asked for.
    permits: Arc<Semaphore>,
}

impl Admission {
    pub fn new(config: &Config, now: Instant) -> Self {
        Self {
            breaker: Breaker::new(config.breaker, now),
            budget: Mutex::new(RetryBudget::new(config.budget, now)),
            permits: Arc::new(Semaphore::new(config.max_in_flight)),
        }
    }

    /// A permit on the wire, when its turn comes; the fault, where the circuit is open or opens meanwhile.
    pub async fn permit(&self) -> Result<OwnedSemaphorePermit, Fault> {
        loop {
            let opened = self.breaker.opened();
            let permit = Arc::clone(&self.permits).try_acquire_owned();
            self.breaker.pass(permit.is_ok(), Instant::now())?;
            if let Ok(permit) = permit {
                return Ok(permit);
            }
            tokio::select! {
                biased;
                () = opened => {}
                permit = Arc::clone(&self.permits).acquire_owned() => return Ok(permit.expect("the semaphore is never closed")),
            }
        }
    }

    /// A permit for a soul that a batch holds back, when its turn comes. Whether the circuit is open, [`Admission::permit`] or
    /// [`Admission::pass`] says.
    pub async fn permit_for_batch(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.permits).acquire_owned().await.expect("the semaphore is never closed")
    }

    /// Whether a request that has its permit already may go.
    pub fn pass(&self, permit: OwnedSemaphorePermit) -> Result<OwnedSemaphorePermit, Fault> {
        self.breaker.pass(true, Instant::now()).map(|()| permit)
    }

    /// Marks an exchange that begins now. `time_is_up` says, when it is cut off, whether the client's time for the call is
    /// over.
    pub fn exchange<'w>(&'w self, time_is_up: &'w AtomicBool) -> Exchange<'w> {
        Exchange { breaker: &self.breaker, began: Instant::now(), has_ended: false, time_is_up }
    }

    pub fn budget(&self) -> MutexGuard<'_, RetryBudget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An exchange under way. Cut off because the client's time for a call is over, it counts as a failure of the relay, which
/// kept silent until then; cut off because its callers left, it says nothing.
pub(super) struct Exchange<'w> {
    breaker: &'w Breaker,
    began: Instant,
    has_ended: bool,
    time_is_up: &'w AtomicBool,
}

impl Exchange<'_> {
    /// The relay gave a proper answer.
    pub fn answered(mut self, now: Instant) {
        self.has_ended = true;
        self.breaker.answered(now);
    }

    /// The relay failed by a transient fault; whether the circuit is open now.
    pub fn failed(mut self, fault: &Fault, now: Instant) -> bool {
        self.has_ended = true;
        self.breaker.failed(fault, self.began, now)
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        if !self.has_ended && self.time_is_up.load(Relaxed) {
            self.breaker.failed(&Fault::Timeout, self.began, Instant::now());
        }
    }
}
