//! One call's way: cache -> request -> retry -> relay, and back.

mod driver;

use crate::admission::Admission;
use crate::config::Config;
use crate::error::{CallError, Cause, Code, Fault};
use crate::metrics::{Calls, Exchanges, Metrics};
use crate::negative_cache::{CachePolicy, Lookup, NegativeCache};
use crate::relay::{Answer, Relay};
use crate::retry::RetryPolicy;
use crate::single_flight::{
    CallInfo, Caller, Change, Join, Outcome, Patience, Request, Retry, SingleFlight, Waiter, WaiterHandle,
};
use crate::stats::{Requests, Snapshot, Stats, StatsLine, SweepLine, hit_rate};
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep, sleep_until};

/// One attempt at the relay. Tests put a script in its permit.
pub trait Ask: Send + Sync + 'static {
    /// Asks for the soul and says what the answer means; it takes an attempt's time at most.
    fn ask(&self, soul: &str) -> impl Future<Output = Answer> + Send;
}

impl Ask for Relay {
    /// Asks for the soul and says what the answer means; it takes an attempt's time at most.
    fn ask(&self, soul: &str) -> impl Future<Output = Answer> + Send {
        Relay::ask(self, soul)
    }
}

/// What a single call may ask for.
#[derive(Debug, Clone, Copy, Default)]
pub struct CallOptions {
    /// The caller's own time; the client's when `None`.
    pub timeout: Option<Duration>,
    /// Ask the relay even when the soul is known to be missing.
    pub fresh: bool,
    /// Whether the call is part of a batch, which has any size.
    pub is_batch: bool,
}

/// How a call begins.
#[derive(Debug)]
pub enum Begun<C> {
    /// Answered from the cache: the soul is known to be missing.
    Missing,
    /// The caller will be told; with the handle it can leave before.
    Waits(WaiterHandle<C>),
    /// Failed at once.
    Failed(CallError),
}

/// A client of one relay: its cache, its single_flight and its counts. Cheap to clone.
pub struct Client<C> {
    shared: Arc<Shared<C>>,
}

impl<C> Clone for Client<C> {
    fn clone(&self) -> Self {
        let shared = Arc::clone(&self.shared);
        Self { shared }
    }
}

struct Shared<C> {
    relay: Arc<str>,
    timeout: Duration,
    queue_timeout: Duration,
    max_in_flight: usize,
    retry: RetryPolicy,
    admission: Admission,
    max_queue: usize,
    stats_every: u64,
    cache: NegativeCache,
    single_flight: Arc<SingleFlight<C>>,
    is_closed: AtomicBool,
    on_closed: Mutex<Option<OnClosed>>,
    stats: Stats,
    calls: Calls,
    exchanges: Exchanges,
}

type OnClosed = Box<dyn FnOnce() + Send>;

impl<C: Caller> Client<C> {
    /// A client whose work is done on `handle`. `alive` is let go when the client is closed or dropped and its last
    /// request has answer. `on_swept` is told of every sweep that removed something.
    pub fn open(
        config: &Config,
        relay: impl Ask,
        handle: &Handle,
        alive: impl Send + 'static,
        on_swept: impl Fn(SweepLine) + Send + Sync + 'static,
    ) -> Self {
        let single_flight = Arc::new(SingleFlight::new(config.max_in_flight + config.max_queue));
        let queue = Arc::clone(&single_flight);
        let now = Instant::now();
        let shared = Arc::new(Shared {
            relay: Arc::clone(&config.relay.shown),
            timeout: config.timeout,
            queue_timeout: config.queue_timeout,
            max_in_flight: config.max_in_flight,
            retry: config.retry.clone(),
            admission: Admission::new(config, now),
            max_queue: config.max_queue,
            stats_every: config.stats_every,
            cache: NegativeCache::new(
                CachePolicy { capacity: config.capacity, ttl: config.ttl, first_ttl: config.ttl, refresh: false },
                now,
            ),
            single_flight,
            is_closed: AtomicBool::new(false),
            on_closed: Mutex::new(None),
            stats: Stats::default(),
            calls: Calls::default(),
            exchanges: Exchanges::default(),
        });
        let weak = Arc::downgrade(&shared);
        handle.spawn(driver::keep(weak, relay, queue, config.sweep_every, on_swept, alive));
        Self { shared }
    }

    /// Begins a call. `soul` has been checked ([`crate::soul::check`]); `caller` is made only when it must wait.
    pub fn get(&self, soul: &str, options: CallOptions, caller: impl FnOnce() -> C) -> Begun<C> {
        let shared = &*self.shared;
        let now = Instant::now();
        if self.is_closed() {
            return Begun::Failed(shared.refusal(Fault::Closed, soul));
        }
        Stats::count(&shared.stats.total);
        let is_known = || !options.fresh && shared.cache.look_up(soul, now) != Lookup::Unknown;
        if is_known() {
            Stats::count(&shared.stats.hits);
            return Begun::Missing;
        }
        let CallOptions { timeout: own, is_batch, .. } = options;
        let Shared { timeout, queue_timeout, .. } = *shared;
        let patience = Patience { own, timeout, queue_timeout, is_batch };
        match shared.single_flight.join(soul, now, patience, is_known, caller) {
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

    /// Gives up a call; whether it was still waiting. The request goes on for the others and ends with the last.
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
        let shared = &*self.shared;
        let (hits, calls) = shared.stats.count_settled(is_hit, shared.stats_every)?;
        Some(StatsLine { hits, calls, size: shared.cache.size() })
    }

    /// Forgets that a soul is missing; whether it was known to be. No answer to a request that began before is
    /// remembered, or given to a caller that comes after.
    pub fn invalidate(&self, soul: &str) -> bool {
        let shared = &*self.shared;
        let forget = || shared.cache.forget(soul, Instant::now());
        shared.single_flight.invalidate(soul, forget)
    }

    /// The same for every soul; how many were known to be missing.
    pub fn invalidate_all(&self) -> usize {
        let shared = &*self.shared;
        let forget = || shared.cache.forget_all(Instant::now());
        shared.single_flight.invalidate_all(forget)
    }

    /// Takes no more calls. `on_closed` is told once those in request have settled and the connections are gone.
    /// To be called once.
    pub fn close(&self, on_closed: impl FnOnce() + Send + 'static) {
        let shared = &*self.shared;
        *shared.on_closed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(on_closed));
        shared.is_closed.store(true, Relaxed);
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

    /// The time of a whole call whose caller asks for none of its own.
    pub fn timeout(&self) -> Duration {
        self.shared.timeout
    }

    /// All figures, those of `cacheStats()` among them.
    pub fn metrics(&self) -> Metrics {
        let Shared { stats, calls, exchanges, .. } = &*self.shared;
        Metrics::new(self.snapshot(), stats.exhausted.load(Relaxed), calls, exchanges)
    }

    /// What `cacheStats()` gives.
    pub fn snapshot(&self) -> Snapshot {
        let Shared { cache, stats, single_flight, exchanges, .. } = &*self.shared;
        let durations = exchanges.durations();
        let (hits, total) = (stats.hits.load(Relaxed), stats.total.load(Relaxed));
        let counts = cache.counts();
        let in_flight = stats.in_flight.now();
        Snapshot {
            hits,
            total,
            hit_rate: hit_rate(hits, total),
            size: cache.size(),
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
                queued: (single_flight.active_count() as u64).saturating_sub(in_flight + stats.backing_off.now()),
                found: stats.found.load(Relaxed),
                missing: stats.missing.load(Relaxed),
                failed: stats.failed(),
                p50: durations.quantile_ms(0.5),
                p90: durations.quantile_ms(0.9),
                p99: durations.quantile_ms(0.99),
            },
        }
    }
}

impl<C> Drop for Shared<C> {
    fn drop(&mut self) {
        // Nobody owns the client any more, so nobody waits: its driver ends.
        self.single_flight.close();
    }
}

impl<C: Caller> Shared<C> {
    /// Flies a request from its first attempt to its completion; with a permit on the wire, where it has one already.
    async fn fly(
        self: Arc<Self>,
        relay: Arc<impl Ask>,
        request: Arc<Request<C>>,
        permit: Option<OwnedSemaphorePermit>,
    ) {
        let mut completion = Completion { shared: &self, request: &request, answer: None };
        let time_is_up = AtomicBool::new(false);
        tokio::select! {
            // Time first: no attempt begins for callers whose time is over.
            biased;
            () = self.watch(&request, &time_is_up) => {}
            answer = self.attempts(&*relay, &request, &time_is_up, permit) => completion.answer = Some(answer),
        }
    }

    /// Attempts until the relay has answered or the policy gives up.
    async fn attempts(
        &self,
        relay: &impl Ask,
        request: &Request<C>,
        time_is_up: &AtomicBool,
        mut first_permit: Option<OwnedSemaphorePermit>,
    ) -> Answer {
        let mut last = None;
        loop {
            let permit = match first_permit.take() {
                Some(permit) => self.admission.pass(permit),
                None => self.admission.permit().await,
            };
            let permit = match permit {
                Ok(permit) => permit,
                // What was seen by this very request says more than that others fail too.
                Err(barred) => return last.map_or(barred.into(), |fault| self.give_up(fault)),
            };
            request.permitted(Instant::now(), self.timeout);
            let exchange = self.admission.exchange(time_is_up);
            let answer = self.attempt(relay, request, permit).await;
            let now = Instant::now();
            let (fault, retry_after) = match answer {
                Answer::Failed { fault, retry_after } if fault.is_transient() => (fault, retry_after),
                proper => {
                    exchange.answered(now);
                    return proper;
                }
            };
            if exchange.failed(&fault, now) {
                return self.give_up(fault);
            }
            let remaining =
                request.last_deadline().map_or(Duration::ZERO, |deadline| deadline.saturating_duration_since(now));
            let jitter = fastrand::f64();
            let made = request.attempts();
            let delay = self.retry.next_delay(&fault, made, retry_after, remaining, jitter);
            let Some(delay) = delay.filter(|_| self.admission.budget().take(now)) else {
                return self.give_up(fault);
            };
            request
                .will_retry(|| Retry { error: Arc::new(self.failure(fault.clone(), request, request.began)), delay });
            let _waiting = self.stats.backing_off.enter();
            tokio::select! {
                biased;
                () = self.admission.breaker.opened() => return self.give_up(fault),
                () = sleep(delay) => last = Some(fault),
            }
        }
    }

    /// The end of a request that a transient fault was the last to meet.
    fn give_up(&self, fault: Fault) -> Answer {
        Stats::count(&self.stats.exhausted);
        fault.into()
    }

    /// One exchange.
    async fn attempt(&self, relay: &impl Ask, request: &Request<C>, _permit: OwnedSemaphorePermit) -> Answer {
        let _on_the_wire = self.stats.in_flight.enter();
        Stats::count(&self.stats.sent);
        if request.attempts.fetch_add(1, Relaxed) == 0 {
            self.admission.budget().pay_in();
        } else {
            Stats::count(&self.stats.retried);
        }
        let exchange = self.exchanges.begin();
        let answer = relay.ask(&request.soul).await;
        exchange.ended(&answer);
        answer
    }

    /// Sends callers away as their time ends; done when none is left, whatever made them leave. `time_is_up` tells of the
    /// last one's end where that came by the client's own time, not by a shorter one of the caller.
    async fn watch(&self, request: &Arc<Request<C>>, time_is_up: &AtomicBool) {
        while let Some(deadline) = request.first_deadline() {
            tokio::select! {
                () = sleep_until(deadline) => {}
                () = request.changed.notified() => continue,
            }
            let now = Instant::now();
            let expired = self.single_flight.expire(request, now);
            // Callers that left at this very moment leave a request without callers too, and no timeout.
            if !expired.is_empty() && request.first_deadline().is_none() {
                let client_time = request.permitted_at().map(|permitted| permitted + self.timeout);
                let is_relays = client_time.is_some_and(|time| expired.iter().any(|waiter| waiter.deadline >= time));
                time_is_up.store(is_relays, Relaxed);
                self.stats.count_failed(Code::Timeout);
                Stats::count(&self.stats.exhausted);
            }
            for waiter in expired {
                let fault = match request.permitted_at() {
                    Some(_) => Fault::Timeout,
                    None => Fault::QueueTimeout { max_in_flight: self.max_in_flight },
                };
                let error = self.failure(fault, request, waiter.began);
                let info =
                    CallInfo { attempts: request.attempts(), status: None, joined: waiter.has_joined(), change: None };
                self.settle(waiter, Outcome::Failed(Arc::new(error)), info, now);
            }
        }
    }

    /// Takes a request off the active, remembers what it learnt and tells its callers. There is no answer where they have left
    /// before.
    fn complete(&self, request: &Arc<Request<C>>, answer: Option<Answer>) {
        let remember = matches!(answer, Some(Answer::Missing { remember: true }));
        let is_found = matches!(answer, Some(Answer::Found(_)));
        let status = answer.as_ref().and_then(Answer::status);
        // True whenever the request began: at worst a soul that went missing since is asked for once more.
        let is_forgotten = is_found && self.cache.forget(&request.soul, Instant::now());
        let mut change = is_forgotten.then_some(Change::Invalidated);
        let waiters = self.single_flight.complete(request, || {
            if remember && self.cache.remember(&request.soul, Instant::now()) {
                change = Some(Change::Inserted);
            }
        });
        let outcome = match answer {
            Some(Answer::Found(text)) => {
                Stats::count(&self.stats.found);
                Outcome::Found(text)
            }
            Some(Answer::Missing { .. }) => {
                Stats::count(&self.stats.missing);
                Outcome::Missing
            }
            Some(Answer::Failed { fault, .. }) => {
                self.stats.count_failed(fault.code());
                Outcome::Failed(Arc::new(self.failure(fault, request, request.began)))
            }
            None if waiters.is_empty() => return,
            None => {
                let cause =
                    Cause { code: None, message: "the request was broken off by a fault of gun-native".to_owned() };
                self.stats.count_failed(Code::Connect);
                Outcome::Failed(Arc::new(self.failure(Fault::Connect(cause), request, request.began)))
            }
        };
        let now = Instant::now();
        for waiter in waiters {
            let change = if waiter.caller.is_watching() { change.take() } else { None };
            let info = CallInfo { attempts: request.attempts(), status, joined: waiter.has_joined(), change };
            self.settle(waiter, outcome.clone(), info, now);
        }
    }

    fn settle(&self, waiter: Waiter<C>, outcome: Outcome, info: CallInfo, now: Instant) {
        self.calls.ended(&outcome, now - waiter.began);
        waiter.caller.settle(outcome, info);
    }

    fn failure(&self, fault: Fault, request: &Request<C>, began: Instant) -> CallError {
        CallError {
            fault,
            relay: Arc::clone(&self.relay),
            soul: Arc::clone(&request.soul),
            attempts: request.attempts(),
            elapsed: began.elapsed(),
        }
    }

    /// A failure before any attempt.
    fn refusal(&self, fault: Fault, soul: &str) -> CallError {
        CallError { fault, relay: Arc::clone(&self.relay), soul: soul.into(), attempts: 0, elapsed: Duration::ZERO }
    }
}

/// Lands the request when dropped, however its task ends: nobody waits for ever because a leader died.
struct Completion<'f, C: Caller> {
    shared: &'f Shared<C>,
    request: &'f Arc<Request<C>>,
    answer: Option<Answer>,
}

impl<C: Caller> Drop for Completion<'_, C> {
    fn drop(&mut self) {
        self.shared.complete(self.request, self.answer.take());
    }
}

#[cfg(test)]
mod tests;
