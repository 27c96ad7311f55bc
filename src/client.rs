//! The public client: what a call does before its request, and what it counts.

mod driver;

use crate::admission::Admission;
use crate::breaker::Breaker;
use crate::config::Config;
use crate::error::{CallError, Cause, Code, Fault, OtherRelay};
use crate::knowledge::{Knowledge, Known};
use crate::metrics::{AttemptCounts, CallCounts, Metrics};
use crate::negative_cache::Mirror;
use crate::notice::{Circuit, Notice};
use crate::record::RecordText;
use crate::record_cache::RecordCache;
use crate::relay::{Answer, Relay};
use crate::retry::RetryPolicy;
use crate::single_flight::{
    CallInfo, Caller, Change, Join, Outcome, Request, SingleFlight, Terms, Waiter, WaiterHandle,
};
use crate::stats::{BreakerState, Requests, Snapshot, Stats, StatsLine, hit_rate};
use crate::store::shared::{Flush, LookUp, Trust};
use crate::store::{Listener, StoreError};
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

/// One attempt at a relay. Tests use a script instead.
pub trait Ask: Send + Sync + 'static {
    /// Asks for the soul and says what the answer means, within the time of an attempt.
    fn ask(&self, soul: &str) -> impl Future<Output = Answer> + Send;
}

impl Ask for Relay {
    /// Asks for the soul and says what the answer means, within the time of an attempt.
    fn ask(&self, soul: &str) -> impl Future<Output = Answer> + Send {
        Relay::ask(self, soul)
    }
}

/// The relays of a client.
#[derive(Debug)]
pub struct Relays<A> {
    /// The one whose word counts.
    pub first: A,
    /// Asked in order if the first one fails.
    pub fallbacks: Vec<FallbackRelay<A>>,
}

/// A relay that can turn a failure of the first one into a record.
#[derive(Debug)]
pub struct FallbackRelay<A> {
    /// What asks it.
    pub relay: A,
    /// The relay as it may be shown: without credentials.
    pub shown: Arc<str>,
    /// Its own circuit.
    pub breaker: Breaker,
}

impl Relays<Relay> {
    /// The relays of a configuration.
    pub fn new(config: &Config) -> Self {
        let first = Relay::new(config);
        let fallbacks = config.fallbacks.iter().map(|url| FallbackRelay {
            relay: first.beside(&Config { relay: url.clone(), ..config.clone() }),
            shown: Arc::clone(&url.shown),
            breaker: Breaker::new(config.breaker, Instant::now()),
        });
        let fallbacks = fallbacks.collect();
        Self { first, fallbacks }
    }
}

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

/// What a client and its requests have in common.
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
    /// Notified when mirrors begin to remember.
    on_lease: Arc<Notify>,
    is_closed: AtomicBool,
    on_closed: Mutex<Option<OnClosed>>,
    on_notice: Box<dyn Fn(Notice) + Send + Sync>,
    pub stats: Stats,
    calls: CallCounts,
    pub attempts: AttemptCounts,
    /// Failed calls when the first relay last gave a proper answer.
    failed_before: AtomicU64,
}

type OnClosed = Box<dyn FnOnce() + Send>;

impl<C: Caller> Client<C> {
    /// A client whose work is done on `handle`. `alive` is dropped when the client is closed or dropped and its last
    /// request has ended. `on_notice` hears of sweeps, warnings and changes of circuits, on any thread.
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
        // The store and the client know each other; it calls the client only once there is one.
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
            on_closed: Mutex::new(None),
            on_notice: Box::new(on_notice),
            stats: Stats::default(),
            calls: CallCounts::default(),
            attempts: AttemptCounts::default(),
            failed_before: AtomicU64::new(0),
        });
        let weak = Arc::downgrade(&shared);
        handle.spawn(driver::drive(weak, Arc::new(relays), single_flight, config.sweep_every, warning, alive));
        Self { shared }
    }

    /// Begins a call. `soul` has been checked ([`crate::soul::check`]); `caller` is made only if it must wait.
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

    /// Gives up a call; whether it was still waiting. The request runs on for its other callers and ends with the last.
    pub fn leave(&self, handle: &WaiterHandle<C>) -> bool {
        let left = self.shared.single_flight.leave(handle);
        if let Some(waiter) = &left {
            self.shared.calls.aborted(waiter.began.elapsed());
        }
        left.is_some()
    }

    /// Counts a call whose outcome its caller has been given, and whether that came from the cache; the stats line where
    /// one is due.
    pub fn count_settled(&self, is_hit: bool) -> Option<StatsLine> {
        let Shared { knowledge, stats, stats_every: every, .. } = &*self.shared;
        let line = knowledge.missing.allow_mirrored(|mirrored| {
            let line = stats.count_settled(is_hit, mirrored, *every);
            (line, stats.until_line(mirrored, *every))
        });
        self.stats_line(line)
    }

    /// The same for a hit that has just been looked up on the thread of this mirror, if there is one.
    pub fn count_hit(&self, mirror: Option<&Mirror>) -> Option<StatsLine> {
        let Shared { knowledge, stats, stats_every: every, .. } = &*self.shared;
        let mirrored = knowledge.missing.counts().mirrored_hits.load(Relaxed);
        let line = stats.count_settled(true, mirrored, *every);
        if let Some(mirror) = mirror {
            mirror.allow(stats.until_line(mirrored, *every));
        }
        self.stats_line(line)
    }

    fn stats_line(&self, line: Option<(u64, u64)>) -> Option<StatsLine> {
        line.map(|(hits, calls)| StatsLine { hits, calls, size: self.shared.knowledge.missing.size() })
    }

    /// A mirror for one thread; none with a shared store, whose entries are good as long as it is heard from.
    pub fn add_mirror(&self) -> Option<Arc<Mirror>> {
        if self.has_shared_store() { None } else { self.shared.knowledge.missing.add_mirror() }
    }

    /// Removes the mirror of a thread that reads no more.
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

    /// Forgets what is known of a soul; whether it was known to be missing. No answer to a request that began before is
    /// remembered, or given to a caller that comes after.
    pub fn invalidate(&self, soul: &str) -> bool {
        let (was_known, warning) = self.shared.knowledge.invalidate(soul, &self.shared.single_flight);
        self.shared.notify(warning);
        was_known
    }

    /// The same for every soul; how many were known to be missing.
    pub fn invalidate_all(&self) -> usize {
        let (known, warning) = self.shared.knowledge.invalidate_all(&self.shared.single_flight);
        self.shared.notify(warning);
        known
    }

    /// Whether there is something to [persist](Client::persist).
    pub fn has_file(&self) -> bool {
        self.shared.knowledge.has_file()
    }

    /// Whether there is a shared store.
    pub fn has_shared_store(&self) -> bool {
        self.shared.knowledge.shared_store().is_some()
    }

    /// `on_flushed` hears once every invalidation so far has reached the shared store, or that this is not confirmed within
    /// 2 s; at once if there is no such store.
    pub fn flushed(&self, on_flushed: impl FnOnce(Result<(), CallError>) + Send + 'static) {
        let Some(store) = self.shared.knowledge.shared_store() else { return on_flushed(Ok(())) };
        let unconfirmed = self.shared.refusal(Fault::Closed, "");
        store.flushed_then(move |result| {
            let fault = |error: StoreError| Fault::CacheStore(error.to_string().into());
            on_flushed(result.map_err(|error| CallError { fault: fault(error), ..unconfirmed }));
        });
    }

    /// Writes what is to outlive the process, for a process that ends. It blocks.
    pub fn persist(&self) {
        self.shared.knowledge.write();
    }

    /// Accepts no new calls. `on_closed` runs once those in flight have settled and the connections are gone. To be called
    /// once.
    pub fn close(&self, on_closed: impl FnOnce() + Send + 'static) {
        let shared = &*self.shared;
        *shared.on_closed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(on_closed));
        shared.is_closed.store(true, Relaxed);
        shared.knowledge.missing.forget_mirrored();
        shared.single_flight.close();
    }

    /// The error of a call that is refused before it begins.
    pub fn refusal(&self, fault: Fault) -> CallError {
        self.shared.refusal(fault, "")
    }

    /// Whether [`Client::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed.load(Relaxed)
    }

    /// The relay as it may be shown: without credentials.
    pub fn relay(&self) -> &str {
        &self.shared.relay
    }

    /// Most bytes of an answer's body, which also bounds the text of resolved references.
    pub fn max_body_bytes(&self) -> usize {
        self.shared.max_body_bytes
    }

    /// All figures, those of `cacheStats()` among them.
    pub fn metrics(&self) -> Metrics {
        let Shared { stats, calls, attempts, .. } = &*self.shared;
        Metrics::new(self.snapshot(), stats.exhausted.load(Relaxed), calls, attempts)
    }

    /// What `cacheStats()` gives.
    pub fn snapshot(&self) -> Snapshot {
        let Shared { knowledge, admission, stats, attempts, .. } = &*self.shared;
        let (cache, durations) = (&knowledge.missing, attempts.durations());
        let size = cache.size(); // first: it works off the reads of mirrors
        let mirrored = cache.counts().mirrored_hits.load(Relaxed);
        let (hits, total) = (stats.hits.load(Relaxed) + mirrored, stats.total.load(Relaxed) + mirrored);
        let counts = cache.counts();
        let in_flight = stats.in_flight.now();
        Snapshot {
            hits,
            total,
            hit_rate: hit_rate(hits, total),
            size,
            capacity: cache.capacity(),
            ttl_ms: cache.ttl().as_millis() as u64,
            inserts: counts.inserts.load(Relaxed),
            evictions: counts.evictions.load(Relaxed),
            expirations: counts.expirations.load(Relaxed),
            invalidations: counts.invalidations.load(Relaxed),
            requests: Requests {
                sent: stats.sent.load(Relaxed),
                coalesced: stats.coalesced.load(Relaxed),
                retried: stats.retried.load(Relaxed),
                in_flight,
                queued: self.shared.queued(),
                found: stats.found.load(Relaxed),
                missing: stats.missing.load(Relaxed),
                failed: stats.failed(),
                p50: durations.quantile_ms(0.5),
                p90: durations.quantile_ms(0.9),
                p99: durations.quantile_ms(0.99),
                refreshed: stats.refreshed.load(Relaxed),
            },
            breaker: BreakerState::new(&admission.breaker.circuit(), Instant::now()),
            store: knowledge.store(),
            records: knowledge.records.as_ref().map(RecordCache::stats),
        }
    }
}

impl<C> Drop for Shared<C> {
    fn drop(&mut self) {
        // The file first: whoever sees the driver end may open it.
        self.knowledge.release();
        // Nobody owns the client any more, so nobody waits: its driver ends.
        self.single_flight.close();
    }
}

impl<C> Shared<C> {
    /// Takes note of a change of a relay's circuit.
    pub fn circuit_changed(&self, relay: &Arc<str>, is_open: bool, lasted: Duration, last_error: String) {
        let failed_calls = self.calls.failed_so_far() - self.failed_before.load(Relaxed);
        let relay = Arc::clone(relay);
        (self.on_notice)(Notice::Circuit(Circuit { relay, is_open, lasted, failed_calls, last_error }));
    }

    /// The first relay gave a proper answer.
    pub fn answered(&self) {
        self.failed_before.store(self.calls.failed_so_far(), Relaxed);
    }

    /// Requests that wait for a permit.
    fn queued(&self) -> u64 {
        let active = self.single_flight.active_count() as u64;
        active.saturating_sub(self.stats.in_flight.now() + self.stats.backing_off.now())
    }

    fn notify(&self, notice: Option<Notice>) {
        if let Some(notice) = notice {
            (self.on_notice)(notice);
        }
    }

    /// The error of a request's caller.
    pub fn failure(&self, fault: Fault, request: &Request<C>, began: Instant) -> CallError {
        CallError {
            fault,
            relay: Arc::clone(&self.relay),
            soul: Arc::clone(&request.soul),
            attempts: request.attempts(),
            elapsed: began.elapsed(),
            others: Vec::new(),
        }
    }

    /// An expired record that may be returned instead of an error to so many calls.
    pub fn stale(&self, soul: &str, calls: usize) -> Option<RecordText> {
        let records = self.knowledge.records.as_ref()?;
        let record = records.stale(soul, Instant::now())?;
        records.count_stale(calls);
        Some(record)
    }

    /// A failure before any attempt.
    fn refusal(&self, fault: Fault, soul: &str) -> CallError {
        let relay = Arc::clone(&self.relay);
        CallError { fault, relay, soul: soul.into(), attempts: 0, elapsed: Duration::ZERO, others: Vec::new() }
    }
}

impl<C: Caller> Listener for Shared<C> {
    fn forget(&self, soul: &str) {
        self.single_flight.invalidate(soul, || self.knowledge.forget(soul));
    }

    fn forget_all(&self, _cause: Flush) {
        self.single_flight.invalidate_all(|| self.knowledge.forget_all());
    }

    fn lost(&self, why: &str) {
        self.notify(self.knowledge.store_lost(why));
    }

    fn back(&self, down_for: Duration) {
        self.notify(self.knowledge.store_back(down_for));
    }
}

impl<C: Caller> Shared<C> {
    /// Ends a request: what it learned goes into the caches, and its callers get their outcomes. There is no answer if they
    /// have left before.
    pub fn complete(&self, request: &Arc<Request<C>>, ended: Option<Ended>) {
        let Some(Ended { answer, others, is_known, looked_up }) = ended else {
            self.complete_without_answer(request);
            return;
        };
        let now = Instant::now();
        // True whenever the request began: at worst a soul that went missing since is asked for once more.
        let is_forgotten = matches!(answer, Answer::Found(_))
            && self.knowledge.forget_missing(request, &looked_up, &self.single_flight, now);
        let mut change = is_forgotten.then_some(Change::Invalidated);
        let waiters = self.single_flight.complete(request, || {
            if self.knowledge.learn(&request.soul, &answer, looked_up, now) {
                change = Some(Change::Inserted);
            }
        });
        let status = answer.status();
        let outcome = match answer {
            Answer::Found(text) => {
                Stats::count(&self.stats.found);
                Outcome::Found(text)
            }
            Answer::Missing { .. } if is_known => Outcome::Missing,
            Answer::Missing { .. } => {
                Stats::count(&self.stats.missing);
                Outcome::Missing
            }
            Answer::Failed { .. } if request.is_refresh() && waiters.is_empty() => return,
            Answer::Failed { fault, .. } => {
                self.stats.count_failed(fault.code());
                let stale = if fault.is_transient() { self.stale(&request.soul, waiters.len()) } else { None };
                match stale {
                    Some(record) => Outcome::Found(record),
                    None => {
                        let failure = self.failure(fault, request, request.began);
                        Outcome::Failed(Arc::new(CallError { others, ..failure }))
                    }
                }
            }
        };
        for waiter in waiters {
            let change = if waiter.caller.is_watching() { change.take() } else { None };
            let joined = waiter.has_joined();
            let info = CallInfo { attempts: request.attempts(), status, joined, change, is_hit: is_known };
            self.settle(waiter, outcome.clone(), info, now);
        }
    }

    fn complete_without_answer(&self, request: &Arc<Request<C>>) {
        let waiters = self.single_flight.complete(request, || ());
        if waiters.is_empty() {
            return;
        }
        let cause = Cause::new(None, "the request was broken off by a fault of gun-native");
        self.stats.count_failed(Code::Connect);
        let failure = self.failure(Fault::Connect(cause), request, request.began);
        let outcome = Outcome::Failed(Arc::new(failure));
        for waiter in waiters {
            let joined = waiter.has_joined();
            let info = CallInfo { attempts: request.attempts(), status: None, joined, change: None, is_hit: false };
            self.settle(waiter, outcome.clone(), info, Instant::now());
        }
    }

    /// Gives a caller its outcome.
    pub fn settle(&self, waiter: Waiter<C>, outcome: Outcome, info: CallInfo, now: Instant) {
        if info.is_hit {
            Stats::count(&self.stats.hits);
        } else {
            self.calls.ended(&outcome, now - waiter.began);
        }
        waiter.caller.settle(outcome, info);
    }
}

/// How a request ended.
pub(crate) struct Ended {
    pub answer: Answer,
    /// What the fallback relays answered, if they were asked and had no record.
    pub others: Vec<OtherRelay>,
    /// Whether a store knew the answer, so the relay was not asked.
    pub is_known: bool,
    /// What the shared store said before the relay was asked.
    pub looked_up: LookUp,
}

impl From<Answer> for Ended {
    fn from(answer: Answer) -> Self {
        Self { answer, others: Vec::new(), is_known: false, looked_up: LookUp::Nothing }
    }
}

#[cfg(test)]
mod tests;
