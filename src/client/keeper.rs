//! The task behind a client: starts its flights, sweeps its cache, and cleans up when it is closed or dropped.

use super::{Ask, Shared};
use crate::flight::{Caller, Flight};
use crate::stats::SweepLine;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Runs until the client is closed or dropped and its last flight has landed. It holds the client weakly, so that a
/// client nobody owns any more ends; callers in flight own it through themselves.
pub(super) async fn keep<C: Caller>(
    shared: Weak<Shared<C>>,
    relay: impl Ask,
    mut departures: mpsc::Receiver<Arc<Flight<C>>>,
    sweep_every: Duration,
    on_swept: impl Fn(SweepLine),
    alive: impl Send,
) {
    let relay = Arc::new(relay);
    // Each flight holds a sender: when the last is gone, all have landed.
    let (in_the_air, mut all_landed) = mpsc::channel::<()>(1);
    let mut sweeps = interval_at(Instant::now() + sweep_every, sweep_every);
    sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            flight = departures.recv() => {
                let Some(flight) = flight else { break };
                let Some(shared) = shared.upgrade() else { break };
                let (relay, in_the_air) = (Arc::clone(&relay), in_the_air.clone());
                tokio::spawn(async move {
                    shared.fly(relay, flight).await;
                    drop(in_the_air);
                });
            }
            _ = sweeps.tick() => {
                let Some(shared) = shared.upgrade() else { break };
                sweep(&shared, &on_swept);
            }
        }
    }
    drop(in_the_air);
    all_landed.recv().await;
    // The pool goes with the relay; its connections close as soon as their tasks have had a turn.
    drop(relay);
    yield_now().await;
    if let Some(shared) = shared.upgrade() {
        let on_closed = shared.on_closed.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(on_closed) = on_closed {
            on_closed();
        }
    }
    drop(alive);
}

fn sweep<C>(shared: &Shared<C>, on_swept: &impl Fn(SweepLine)) {
    let swept = shared.cache.sweep(Instant::now());
    if swept.removed > 0 {
        on_swept(SweepLine { removed: swept.removed, remain: swept.remain });
    }
}
