//! Admission of requests: the circuit breaker, permits and the retry budget.

use crate::breaker::Breaker;
use crate::budget::RetryBudget;
use crate::config::Config;
use crate::error::Fault;
use crate::lock::lock;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Refreshes may use one permit in this many.
const REFRESH_SHARE: usize = 8;

/// Decides whether and when a client's requests are sent. Used on the network thread.
#[derive(Debug)]
pub struct Admission {
    /// The first relay's circuit.
    pub breaker: Breaker,
    budget: Mutex<RetryBudget>,
    /// First come, first served.
    permits: Arc<Semaphore>,
    refresh_permits: Arc<Semaphore>,
}

/// The right to have a request in flight, until it is dropped.
#[derive(Debug)]
pub struct Permit {
    _permit: OwnedSemaphorePermit,
    _refresh: Option<OwnedSemaphorePermit>,
}

impl From<OwnedSemaphorePermit> for Permit {
    fn from(permit: OwnedSemaphorePermit) -> Self {
        Self { _permit: permit, _refresh: None }
    }
}

impl Admission {
    /// With a closed circuit and all permits free.
    pub fn new(config: &Config, now: Instant) -> Self {
        Self {
            breaker: Breaker::new(config.breaker, now),
            budget: Mutex::new(RetryBudget::new(config.budget, now)),
            permits: Arc::new(Semaphore::new(config.max_in_flight)),
            refresh_permits: Arc::new(Semaphore::new((config.max_in_flight / REFRESH_SHARE).max(1))),
        }
    }

    /// A permit to ask the first relay, in turn.
    ///
    /// # Errors
    /// [`Fault::CircuitOpen`] at once if the circuit is open, or when it opens meanwhile.
    pub async fn permit(&self) -> Result<Permit, Fault> {
        loop {
            let opened = self.breaker.opened();
            let permit = Arc::clone(&self.permits).try_acquire_owned();
            self.breaker.pass(permit.is_ok(), Instant::now())?;
            if let Ok(permit) = permit {
                return Ok(permit.into());
            }
            tokio::select! {
                biased;
                () = opened => {}
                permit = self.permit_in_turn() => return Ok(permit),
            }
        }
    }

    /// A permit in turn, without regard to the first relay's circuit: for fallbacks, and for souls that a batch holds back,
    /// which check the circuit later with [`Admission::pass`].
    pub async fn permit_in_turn(&self) -> Permit {
        acquire(&self.permits).await.into()
    }

    /// A permit in turn for a refresh.
    pub async fn permit_for_refresh(&self) -> Permit {
        let refresh = acquire(&self.refresh_permits).await;
        Permit { _permit: acquire(&self.permits).await, _refresh: Some(refresh) }
    }

    /// Whether a request that has a permit already may ask the first relay.
    ///
    /// # Errors
    /// [`Fault::CircuitOpen`] if it may not.
    pub fn pass(&self, permit: Permit) -> Result<Permit, Fault> {
        self.breaker.pass(true, Instant::now()).map(|()| permit)
    }

    /// The retry budget.
    pub fn budget(&self) -> MutexGuard<'_, RetryBudget> {
        lock(&self.budget)
    }
}

async fn acquire(permits: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    Arc::clone(permits).acquire_owned().await.expect("the semaphore is never closed")
}
