//! The task behind a client: starts its flights, sweeps its cache, and cleans up when it is closed or dropped.

use super::{Ask, Shared};
use crate::flight::{Caller, Flights};
use crate::negative_cache::Swept;
use crate::stats::SweepLine;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{spawn_blocking, yield_now};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Runs until the client is closed or dropped and its last flight has landed. It holds the client weakly, so that a
/// client nobody owns any more ends; callers in flight own it through themselves.
pub(super) async fn keep<C: Caller>(
    shared: Weak<Shared<C>>,
    relay: impl Ask,
    flights: Arc<Flights<C>>,
    sweep_every: Duration,
    on_swept: impl Fn(SweepLine) + Send + Sync + 'static,
    alive: impl Send,
) {
    let relay = Arc::new(relay);
    let on_swept = Arc::new(on_swept);
    // Each flight holds a sender: when the last is gone, all have landed.
    let (in_the_air, mut all_landed) = mpsc::channel::<()>(1);
    let mut sweeps = interval_at(Instant::now() + sweep_every, sweep_every);
    sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::spawn(feed(shared.clone(), Arc::clone(&relay), Arc::clone(&flights), in_the_air.clone()));
    loop {
        tokio::select! {
            biased;
            flight = flights.next_departure() => {
                let Some(flight) = flight else { break };
                let Some(shared) = shared.upgrade() else { break };
                let (relay, in_the_air) = (Arc::clone(&relay), in_the_air.clone());
                tokio::spawn(async move {
                    shared.fly(relay, flight, None).await;
                    drop(in_the_air);
                });
            }
            _ = sweeps.tick() => {
                let Some(shared) = shared.upgrade() else { break };
                tokio::spawn(sweep(shared, Arc::clone(&on_swept)));
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

/// Begins the souls that batches hold back, one for each place on the wire that it gets: it waits in line like any other
/// request, however long a batch is.
async fn feed<C: Caller>(
    shared: Weak<Shared<C>>,
    relay: Arc<impl Ask>,
    flights: Arc<Flights<C>>,
    in_the_air: mpsc::Sender<()>,
) {
    while flights.some_held().await {
        let Some(shared) = shared.upgrade() else { break };
        let place = shared.wire.place_for_batch().await;
        // Its callers may have left meanwhile, or a single call may have made it depart.
        let Some(flight) = flights.take_held() else { continue };
        let (relay, in_the_air) = (Arc::clone(&relay), in_the_air.clone());
        tokio::spawn(async move {
            shared.fly(relay, flight, Some(place)).await;
            drop(in_the_air);
        });
    }
}

/// Sweeps on a thread of its own: a million entries take a third of a second, and requests must not wait for them.
async fn sweep<C: Caller>(shared: Arc<Shared<C>>, on_swept: Arc<impl Fn(SweepLine)>) {
    let now = Instant::now();
    let swept = spawn_blocking(move || shared.cache.sweep(now)).await;
    match swept {
        Ok(Swept { removed, remain }) if removed > 0 => on_swept(SweepLine { removed, remain }),
        _ => {}
    }
}
