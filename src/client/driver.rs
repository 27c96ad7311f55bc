//! The task behind a client: starts its single_flight, sweeps its cache, and cleans up when it is closed or dropped.

use super::{Ask, Shared};
use crate::negative_cache::Swept;
use crate::single_flight::{Caller, SingleFlight};
use crate::stats::SweepLine;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{spawn_blocking, yield_now};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Runs until the client is closed or dropped and its last request has answer. It holds the client weakly, so that a
/// client nobody owns any more ends; callers in request own it through themselves.
pub(super) async fn keep<C: Caller>(
    shared: Weak<Shared<C>>,
    relay: impl Ask,
    single_flight: Arc<SingleFlight<C>>,
    sweep_every: Duration,
    on_swept: impl Fn(SweepLine) + Send + Sync + 'static,
    alive: impl Send,
) {
    let relay = Arc::new(relay);
    let on_swept = Arc::new(on_swept);
    // Each request holds a sender: when the last is gone, all have answer.
    let (active_count, mut all_complete) = mpsc::channel::<()>(1);
    let mut sweeps = interval_at(Instant::now() + sweep_every, sweep_every);
    sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::spawn(feed(shared.clone(), Arc::clone(&relay), Arc::clone(&single_flight), active_count.clone()));
    loop {
        tokio::select! {
            biased;
            request = single_flight.next_queued() => {
                let Some(request) = request else { break };
                let Some(shared) = shared.upgrade() else { break };
                let (relay, active_count) = (Arc::clone(&relay), active_count.clone());
                tokio::spawn(async move {
                    shared.fly(relay, request, None).await;
                    drop(active_count);
                });
            }
            _ = sweeps.tick() => {
                let Some(shared) = shared.upgrade() else { break };
                tokio::spawn(sweep(shared, Arc::clone(&on_swept)));
            }
        }
    }
    drop(active_count);
    all_complete.recv().await;
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

/// Begins the souls that batches hold back, one for each permit on the wire that it gets: it waits in line like any other
/// request, however long a batch is.
async fn feed<C: Caller>(
    shared: Weak<Shared<C>>,
    relay: Arc<impl Ask>,
    single_flight: Arc<SingleFlight<C>>,
    active_count: mpsc::Sender<()>,
) {
    while single_flight.some_held().await {
        let Some(shared) = shared.upgrade() else { break };
        let permit = shared.admission.permit_for_batch().await;
        // Its callers may have left meanwhile, or a single call may have made it enqueue.
        let Some(request) = single_flight.take_held() else { continue };
        let (relay, active_count) = (Arc::clone(&relay), active_count.clone());
        tokio::spawn(async move {
            shared.fly(relay, request, Some(permit)).await;
            drop(active_count);
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
