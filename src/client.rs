//! The public client: what a call does before its request.

mod close;
mod complete;
mod counts;
mod driver;
mod relays;
mod stores;

pub(crate) use complete::Ended;
pub use relays::{Ask, FallbackRelay, Relays};

use crate::admission::Admission;
use crate::config::Config;
use crate::error::{CallError, Code, Fault};
use crate::knowledge::{Knowledge, Known};
use crate::metrics::{AttemptCounts, CallCounts};
use crate::notice::Notice;
use crate::record::RecordText;
use crate::retry::RetryPolicy;
use crate::single_flight::{Caller, Join, SingleFlight, Terms, WaiterHandle};
use crate::stats::Stats;
use crate::store::shared::Trust;
use close::End;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The options of one call.
#[derive(Debug, Clone, Copy, Default)]
pub struct CallOptions {
    /// The caller's own timeout, which counts everything; the client's if `None`.
    pub timeout: Option<Duration>,
    /// Ask the relay even if the soul is cached.
    pub fresh: bool,
    /// Whether the call is part of a batch, which has any size.
    pub is_batch: bool,
}

/// How a call begins.
#[derive(Debug)]
pub enum Begun<C> {
    /// Answered at once: the soul is cached as missing.
    Missing,
    /// Answered at once from the record cache.
    Found(RecordText),
    /// The caller gets the outcome later; with the handle it can leave before.
    Waits(WaiterHandle<C>),
    /// Failed at once.
    Failed(CallError),
}

/// A client of one relay: its caches, its requests and its counts. Cheap to clone.
pub struct Client<C> {
    shared: Arc<Shared<C>>,
}

impl<C> Clone for Client<C> {
    fn clone(&self) -> Self {
        let shared = Arc::clone(&self.shared);
        Self { shared }
    }
}

/// State that a client shares with its requests.
pub(crate) struct Shared<C> {
    pub relay: Arc<str>,
    pub timeout: Duration,
    pub attempt_timeout: Duration,
    queue_timeout: Duration,
    pub max_in_flight: usize,
    pub retry: RetryPolicy,
    pub admission: Admission,
    max_queue: usize,
    max_body_bytes: usize,
    stats_every: u64,
    pub knowledge: Knowledge,
    pub single_flight: Arc<SingleFlight<C>>,
    /// Notified when a mirror lease begins.
    on_lease: Arc<Notify>,
    is_closed: AtomicBool,
    end: Mutex<End>,
    on_notice: Box<dyn Fn(Notice) + Send + Sync>,
    pub stats: Stats,
    calls: CallCounts,
    pub attempts: AttemptCounts,
    /// Failed calls at the first relay's last proper answer.
    failed_before: AtomicU64,
}

impl<C: Caller> Client<C> {
    /// Creates a client whose work runs on `handle`. `alive` is dropped when the client is closed or dropped and its last
    /// request has ended. `on_notice` receives sweeps, warnings and circuit changes, on any thread.
    pub fn open(
        config: &Config,
        relays: Relays<impl Ask>,
        handle: &Handle,
        alive: impl Send + 'static,
        on_notice: impl Fn(Notice) + Send + Sync + 'static,
    ) -> Self {
        let single_flight = Arc::new(SingleFlight::new(config.max_in_flight + config.max_queue));
        let now = Instant::now();
        let (knowledge, warning) = Knowledge::open(config, now);
        // The store and the client reference each other. The store's reference is empty until the client exists.
        let shared = Arc::new_cyclic(|weak: &Weak<Shared<C>>| Shared {
            relay: Arc::clone(&config.relay.shown),
            timeout: config.timeout,
            attempt_timeout: config.attempt_timeout,
            queue_timeout: config.queue_timeout,
            max_in_flight: config.max_in_flight,
            retry: config.retry.clone(),
            admission: Admission::new(config, now),
            max_queue: config.max_queue,
            max_body_bytes: config.max_body_bytes,
            stats_every: config.stats_every,
            knowledge: knowledge.with_shared_store(config, handle, weak.clone()),
            single_flight: Arc::clone(&single_flight),
            on_lease: Arc::default(),
            is_closed: AtomicBool::new(false),
            end: Mutex::new(End::Open),
            on_notice: Box::new(on_notice),
            stats: Stats::default(),
            calls: CallCounts::default(),
            attempts: AttemptCounts::default(),
            failed_before: AtomicU64::new(0),
        });
        let weak = Arc::downgrade(&shared);
        let driving = driver::Driving(weak.clone());
        handle.spawn(driver::drive(
            weak,
            Arc::new(relays),
            single_flight,
            config.sweep_every,
            warning,
            (driving, alive),
        ));
        Self { shared }
    }

    /// Begins a call. `soul` must be valid ([`crate::soul::check`]); `caller` is called only if the call has to wait.
    pub fn get(&self, soul: &str, options: CallOptions, caller: impl FnOnce() -> C) -> Begun<C> {
        let shared = &*self.shared;
        let now = Instant::now();
        if self.is_closed() {
            return Begun::Failed(shared.refusal(Fault::Closed, soul));
        }
        Stats::count(&shared.stats.total);
        let CallOptions { timeout: own, fresh, is_batch } = options;
        let trust = shared.knowledge.trust(now);
        let known = if fresh { Known::Nothing } else { shared.knowledge.look_up(soul, trust, now) };
        if known == Known::MissingRefresh {
            shared.single_flight.refresh_later(soul);
        }
        match known {
            Known::Missing | Known::MissingRefresh => {
                Stats::count(&shared.stats.hits);
                return Begun::Missing;
            }
            Known::Found(record) => return Begun::Found(record),
            Known::Nothing => {}
        }
        let is_known = || !fresh && shared.knowledge.is_missing(soul, trust, now);
        let Shared { timeout, queue_timeout, .. } = *shared;
        let terms = Terms { own, timeout, queue_timeout, is_batch, is_fresh: fresh, may_join: trust != Trust::Nothing };
        match shared.single_flight.join(soul, now, terms, is_known, caller) {
            Join::Began(handle) => Begun::Waits(handle),
            Join::Joined(handle) => {
                Stats::count(&shared.stats.coalesced);
                Begun::Waits(handle)
            }
            Join::Known => {
                Stats::count(&shared.stats.hits);
                Begun::Missing
            }
            Join::Full => {
                shared.stats.count_failed(Code::Overloaded);
                let limit = shared.max_queue;
                let error = shared.refusal(Fault::Overloaded { limit }, soul);
                shared.calls.failed_at_once(&error);
                Begun::Failed(error)
            }
            Join::Closed => Begun::Failed(shared.refusal(Fault::Closed, soul)),
        }
    }

    /// Leaves a call; returns whether it was still waiting. The request continues until its last caller has left.
    pub fn leave(&self, handle: &WaiterHandle<C>) -> bool {
        let left = self.shared.single_flight.leave(handle);
        if let Some(waiter) = &left {
            self.shared.calls.aborted(waiter.began.elapsed());
        }
        left.is_some()
    }

    /// Invalidates a soul; returns whether it was cached as missing. Answers to requests that began earlier are neither cached
    /// nor given to later callers.
    pub fn invalidate(&self, soul: &str) -> bool {
        let (was_known, warning) = self.shared.knowledge.invalidate(soul, &self.shared.single_flight);
        self.shared.notify(warning);
        was_known
    }

    /// Invalidates every soul; returns how many were cached as missing.
    pub fn invalidate_all(&self) -> usize {
        let (known, warning) = self.shared.knowledge.invalidate_all(&self.shared.single_flight);
        self.shared.notify(warning);
        known
    }

    /// The error of a call that is refused before it begins.
    pub fn refusal(&self, fault: Fault) -> CallError {
        self.shared.refusal(fault, "")
    }

    /// The relay's URL without credentials.
    pub fn relay(&self) -> &str {
        &self.shared.relay
    }

    /// Most bytes of an answer's body, which also bounds the text of resolved references.
    pub fn max_body_bytes(&self) -> usize {
        self.shared.max_body_bytes
    }
}

impl<C> Shared<C> {
    fn notify(&self, notice: Option<Notice>) {
        if let Some(notice) = notice {
            (self.on_notice)(notice);
        }
    }

    /// A failure before any attempt.
    fn refusal(&self, fault: Fault, soul: &str) -> CallError {
        let relay = Arc::clone(&self.relay);
        CallError { fault, relay, soul: soul.into(), attempts: 0, elapsed: Duration::ZERO, others: Vec::new() }
    }
}

#[cfg(test)]
mod tests;
