//! The background tasks of a client: they run its requests, maintain its caches, and clean up when it is closed or dropped.

use super::{Ask, Relays, Shared};
use crate::admission::Permit;
use crate::background;
use crate::knowledge::WRITE_EVERY;
use crate::negative_cache::{LEASE, Swept};
use crate::notice::Notice;
use crate::request;
use crate::single_flight::{Caller, Request, SingleFlight};
use crate::stats::SweepLine;
use std::future::Future;
use std::ops::ControlFlow;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, yield_now};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

/// A cache of more entries is swept on another thread: a million take a third of a second, and requests must not wait.
const SWEPT_HERE: usize = 1_000;

/// Pause of refreshes while callers wait.
const STAND_BACK: Duration = Duration::from_millis(100);

/// Runs until the client is closed or dropped and its last request has ended. It holds the client weakly, so a client
/// without an owner ends. Callers in flight own it.
pub(super) async fn drive<C: Caller>(
    shared: Weak<Shared<C>>,
    relays: Arc<Relays<impl Ask>>,
    single_flight: Arc<SingleFlight<C>>,
    sweep_every: Duration,
    warning: Option<String>,
    alive: impl Send,
) {
    if let (Some(shared), Some(_)) = (shared.upgrade(), &warning) {
        shared.notify(warning.map(Notice::Warning));
    }
    // Each request holds a sender: when the last is gone, all have ended.
    let (running, mut all_ended) = mpsc::channel::<()>(1);
    let start = {
        let relays = Arc::clone(&relays);
        move |shared: Arc<Shared<C>>, request: Arc<Request<C>>, permit: Option<Permit>, running: mpsc::Sender<()>| {
            let relays = Arc::clone(&relays);
            tokio::spawn(async move {
                request::run(shared, relays, request, permit).await;
                drop(running);
            });
        }
    };
    let tasks = Tasks(vec![
        spawn(look_after_file(shared.clone())),
        spawn(sweep_regularly(shared.clone(), sweep_every)),
        spawn(end_leases(shared.clone())),
        spawn(refresh(shared.clone(), Arc::clone(&single_flight), running.downgrade(), start.clone())),
    ]);
    let feeds = tokio::spawn(feed(shared.clone(), Arc::clone(&single_flight), running.clone(), start.clone()));
    while let Some(request) = single_flight.next_queued().await {
        let Some(shared) = shared.upgrade() else { break };
        start(shared, request, None, running.clone());
    }
    let _ = feeds.await;
    drop((running, start));
    all_ended.recv().await;
    drop(tasks);
    // This drops the connection pools. Their connections close when their tasks run next.
    drop(relays);
    yield_now().await;
    if let Some(shared) = shared.upgrade() {
        if shared.knowledge.has_file() {
            let shared = Arc::clone(&shared);
            background::run(move || shared.knowledge.release()).await;
        }
        if let Some(store) = shared.knowledge.shared_store() {
            store.close().await;
        }
    }
    drop(alive);
}

/// Tells the client that its driver has ended, even if it panicked or its runtime stopped.
pub(super) struct Driving<C>(pub Weak<Shared<C>>);

impl<C> Drop for Driving<C> {
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            shared.driver_ended();
        }
    }
}

/// Tasks that end with the client.
struct Tasks(Vec<AbortHandle>);

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

fn spawn(task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
    tokio::spawn(task).abort_handle()
}

/// Starts the souls that batches hold back, one per permit. It queues for permits like a single request, however long a
/// batch is.
async fn feed<C: Caller>(
    shared: Weak<Shared<C>>,
    single_flight: Arc<SingleFlight<C>>,
    running: mpsc::Sender<()>,
    start: impl Fn(Arc<Shared<C>>, Arc<Request<C>>, Option<Permit>, mpsc::Sender<()>),
) {
    while single_flight.some_held().await {
        let Some(shared) = shared.upgrade() else { break };
        let permit = shared.admission.permit_in_turn().await;
        // Meanwhile its callers may have left, or a single call may have started it.
        if let Some(request) = single_flight.take_held() {
            start(shared, request, Some(permit), running.clone());
        }
    }
}

/// Starts refreshes, none while callers wait or the circuit is open.
async fn refresh<C: Caller>(
    shared: Weak<Shared<C>>,
    single_flight: Arc<SingleFlight<C>>,
    running: mpsc::WeakSender<()>,
    start: impl Fn(Arc<Shared<C>>, Arc<Request<C>>, Option<Permit>, mpsc::Sender<()>),
) {
    while single_flight.some_refresh().await {
        let (Some(shared), Some(running)) = (shared.upgrade(), running.upgrade()) else { break };
        if shared.admission.breaker.is_open() {
            single_flight.forget_refreshes();
            continue;
        }
        let permit = shared.admission.permit_for_refresh().await;
        if shared.queued() > 0 {
            drop((permit, running, shared));
            sleep(STAND_BACK).await;
        } else if let Some(request) = single_flight.begin_refresh(Instant::now()) {
            start(shared, request, Some(permit), running);
        }
    }
}

/// Loads the file, and writes it at intervals.
async fn look_after_file<C: Caller>(shared: Weak<Shared<C>>) {
    let with_file = || shared.upgrade().filter(|shared| shared.knowledge.has_file());
    let Some(loading) = with_file() else { return };
    let warning = background::run(move || {
        let warning = loading.knowledge.load();
        loading.notify(warning.map(Notice::Warning));
    });
    warning.await;
    loop {
        sleep(WRITE_EVERY).await;
        let Some(shared) = with_file() else { return };
        background::run(move || shared.knowledge.write()).await;
    }
}

/// Ends mirror leases, before an entry in a mirror can expire.
async fn end_leases<C: Caller>(shared: Weak<Shared<C>>) {
    let Some(on_lease) = shared.upgrade().map(|shared| Arc::clone(&shared.on_lease)) else { return };
    loop {
        on_lease.notified().await;
        sleep(LEASE).await;
        let Some(shared) = shared.upgrade() else { return };
        shared.knowledge.missing.forget_mirrored();
    }
}

async fn sweep_regularly<C: Caller>(shared: Weak<Shared<C>>, every: Duration) {
    one_after_another(every, || sweep(shared.clone())).await;
}

async fn sweep<C: Caller>(shared: Weak<Shared<C>>) -> ControlFlow<()> {
    let Some(shared) = shared.upgrade() else { return ControlFlow::Break(()) };
    let now = Instant::now();
    let is_small = shared.knowledge.missing.size() <= SWEPT_HERE;
    let swept = if is_small {
        Some(shared.knowledge.sweep(now))
    } else {
        let shared = Arc::clone(&shared);
        background::run(move || shared.knowledge.sweep(now)).await
    };
    if let Some(Swept { removed, remain }) = swept.filter(|swept| swept.removed > 0) {
        shared.notify(Some(Notice::Swept(SweepLine { removed, remain })));
    }
    ControlFlow::Continue(())
}

/// Runs a job at intervals until it breaks. One that takes longer than an interval delays the next.
async fn one_after_another<F: Future<Output = ControlFlow<()>>>(every: Duration, mut job: impl FnMut() -> F) {
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if job().await.is_break() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[tokio::test(start_paused = true)]
    async fn a_job_that_takes_longer_than_its_interval_delays_the_next_one() {
        let every = Duration::from_millis(10);
        let start = Instant::now();
        let times = Mutex::new(Vec::new());
        one_after_another(every, || async {
            let began = start.elapsed();
            let is_first = times.lock().expect("no panic here").is_empty();
            sleep(if is_first { every * 7 / 2 } else { Duration::ZERO }).await;
            let mut times = times.lock().expect("no panic here");
            times.push((began.as_millis(), start.elapsed().as_millis()));
            if times.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .await;
        assert_eq!(*times.lock().expect("no panic here"), [(10, 45), (45, 45), (55, 55)]);
    }
}
