//! One call's way: cache -> flight -> retry -> relay, and back.

mod keeper;
mod wire;

use crate::config::Config;
use crate::error::{CallError, Cause, Code, Fault};
use crate::flight::{Boarding, Caller, Change, Flight, Flights, Outcome, Patience, Retry, Seat, Ticket, Trip};
use crate::metrics::{Calls, Exchanges, Metrics};
use crate::negative_cache::{CachePolicy, Lookup, NegativeCache};
use crate::relay::{Answer, Relay};
use crate::retry::RetryPolicy;
use crate::stats::{Requests, Snapshot, Stats, StatsLine, SweepLine, hit_rate};
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep, sleep_until};
use wire::Wire;

/// One attempt at the relay. Tests put a script in its place.
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
    /// The caller will be told; with the ticket it can leave before.
    Waits(Ticket<C>),
    /// Failed at once.
    Failed(CallError),
}

/// A client of one relay: its cache, its flights and its counts. Cheap to clone.
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
    wire: Wire,
    max_queue: usize,
    stats_every: u64,
    cache: NegativeCache,
    flights: Arc<Flights<C>>,
    is_closed: AtomicBool,
    on_closed: Mutex<Option<OnClosed>>,
    stats: Stats,
    calls: Calls,
    exchanges: Exchanges,
}

type OnClosed = Box<dyn FnOnce() + Send>;

impl<C: Caller> Client<C> {
    /// A client whose work is done on `handle`. `alive` is let go when the client is closed or dropped and its last
    /// flight has landed. `on_swept` is told of every sweep that removed something.
    pub fn open(
        config: &Config,
        relay: impl Ask,
        handle: &Handle,
        alive: impl Send + 'static,
        on_swept: impl Fn(SweepLine) + Send + Sync + 'static,
    ) -> Self {
        let flights = Arc::new(Flights::new(config.max_in_flight + config.max_queue));
        let queue = Arc::clone(&flights);
        let now = Instant::now();
        let shared = Arc::new(Shared {
            relay: Arc::clone(&config.relay.shown),
            timeout: config.timeout,
            queue_timeout: config.queue_timeout,
            max_in_flight: config.max_in_flight,
            retry: config.retry.clone(),
            wire: Wire::new(config, now),
            max_queue: config.max_queue,
            stats_every: config.stats_every,
            cache: NegativeCache::new(
                CachePolicy { capacity: config.capacity, ttl: config.ttl, first_ttl: config.ttl, refresh: false },
                now,
            ),
            flights,
            is_closed: AtomicBool::new(false),
            on_closed: Mutex::new(None),
            stats: Stats::default(),
            calls: Calls::default(),
            exchanges: Exchanges::default(),
        });
        let weak = Arc::downgrade(&shared);
        handle.spawn(keeper::keep(weak, relay, queue, config.sweep_every, on_swept, alive));
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
        match shared.flights.board(soul, now, patience, is_known, caller) {
            Boarding::Began(ticket) => Begun::Waits(ticket),
            Boarding::Joined(ticket) => {
                Stats::count(&shared.stats.coalesced);
                Begun::Waits(ticket)
            }
            Boarding::Known => {
                Stats::count(&shared.stats.hits);
                Begun::Missing
            }
            Boarding::Full => {
                shared.stats.count_failed(Code::Overloaded);
                let limit = shared.max_queue;
                let error = shared.refusal(Fault::Overloaded { limit }, soul);
                shared.calls.failed_at_once(&error);
                Begun::Failed(error)
            }
            Boarding::Closed => Begun::Failed(shared.refusal(Fault::Closed, soul)),
        }
    }

    /// Gives up a call; whether it was still waiting. The request goes on for the others and ends with the last.
    pub fn leave(&self, ticket: &Ticket<C>) -> bool {
        let left = self.shared.flights.leave(ticket);
        if let Some(seat) = &left {
            self.shared.calls.aborted(seat.began.elapsed());
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
        shared.flights.invalidate(soul, forget)
    }

    /// The same for every soul; how many were known to be missing.
    pub fn invalidate_all(&self) -> usize {
        let shared = &*self.shared;
        let forget = || shared.cache.forget_all(Instant::now());
        shared.flights.invalidate_all(forget)
    }

    /// Takes no more calls. `on_closed` is told once those in flight have settled and the connections are gone.
    /// To be called once.
    pub fn close(&self, on_closed: impl FnOnce() + Send + 'static) {
        let shared = &*self.shared;
        *shared.on_closed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(on_closed));
        shared.is_closed.store(true, Relaxed);
        shared.flights.close();
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
        let Shared { cache, stats, flights, exchanges, .. } = &*self.shared;
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
                queued: (flights.in_the_air() as u64).saturating_sub(in_flight + stats.backing_off.now()),
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
        self.flights.close();
    }
}

impl<C: Caller> Shared<C> {
    /// Flies a flight from its first attempt to its landing; with a place on the wire, where it has one already.
    async fn fly(self: Arc<Self>, relay: Arc<impl Ask>, flight: Arc<Flight<C>>, place: Option<OwnedSemaphorePermit>) {
        let mut landing = Landing { shared: &self, flight: &flight, landed: None };
        let time_is_up = AtomicBool::new(false);
        tokio::select! {
            // Time first: no attempt begins for callers whose time is over.
            biased;
            () = self.watch(&flight, &time_is_up) => {}
            landed = self.attempts(&*relay, &flight, &time_is_up, place) => landing.landed = Some(landed),
        }
    }

    /// Attempts until the relay has answered or the policy gives up.
    async fn attempts(
        &self,
        relay: &impl Ask,
        flight: &Flight<C>,
        time_is_up: &AtomicBool,
        mut first_place: Option<OwnedSemaphorePermit>,
    ) -> Answer {
        let mut last = None;
        loop {
            let place = match first_place.take() {
                Some(place) => self.wire.pass(place),
                None => self.wire.place().await,
            };
            let place = match place {
                Ok(place) => place,
                // What was seen by this very request says more than that others fail too.
                Err(barred) => return last.map_or(barred.into(), |fault| self.give_up(fault)),
            };
            flight.permitted(Instant::now(), self.timeout);
            let exchange = self.wire.exchange(time_is_up);
            let answer = self.attempt(relay, flight, place).await;
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
                flight.last_deadline().map_or(Duration::ZERO, |deadline| deadline.saturating_duration_since(now));
            let jitter = fastrand::f64();
            let made = flight.attempts();
            let delay = self.retry.next_delay(&fault, made, retry_after, remaining, jitter);
            let Some(delay) = delay.filter(|_| self.wire.budget().take(now)) else {
                return self.give_up(fault);
            };
            flight.will_retry(|| Retry { error: Arc::new(self.failure(fault.clone(), flight, flight.began)), delay });
            let _waiting = self.stats.backing_off.enter();
            tokio::select! {
                biased;
                () = self.wire.breaker.opened() => return self.give_up(fault),
                () = sleep(delay) => last = Some(fault),
            }
        }
    }

    /// The end of a flight that a transient fault was the last to meet.
    fn give_up(&self, fault: Fault) -> Answer {
        Stats::count(&self.stats.exhausted);
        fault.into()
    }

    /// One exchange.
    async fn attempt(&self, relay: &impl Ask, flight: &Flight<C>, _place: OwnedSemaphorePermit) -> Answer {
        let _on_the_wire = self.stats.in_flight.enter();
        Stats::count(&self.stats.sent);
        if flight.attempts.fetch_add(1, Relaxed) == 0 {
            self.wire.budget().pay_in();
        } else {
            Stats::count(&self.stats.retried);
        }
        let exchange = self.exchanges.begin();
        let answer = relay.ask(&flight.soul).await;
        exchange.ended(&answer);
        answer
    }

    /// Sends callers away as their time ends; done when none is left, whatever made them leave. `time_is_up` tells of the
    /// last one's end where that came by the client's own time, not by a shorter one of the caller.
    async fn watch(&self, flight: &Arc<Flight<C>>, time_is_up: &AtomicBool) {
        while let Some(deadline) = flight.first_deadline() {
            tokio::select! {
                () = sleep_until(deadline) => {}
                () = flight.changed.notified() => continue,
            }
            let now = Instant::now();
            let expired = self.flights.expire(flight, now);
            // Callers that left at this very moment leave a flight without callers too, and no timeout.
            if !expired.is_empty() && flight.first_deadline().is_none() {
                let client_time = flight.permitted_at().map(|permitted| permitted + self.timeout);
                let is_relays = client_time.is_some_and(|time| expired.iter().any(|seat| seat.deadline >= time));
                time_is_up.store(is_relays, Relaxed);
                self.stats.count_failed(Code::Timeout);
                Stats::count(&self.stats.exhausted);
            }
            for seat in expired {
                let fault = match flight.permitted_at() {
                    Some(_) => Fault::Timeout,
                    None => Fault::QueueTimeout { max_in_flight: self.max_in_flight },
                };
                let error = self.failure(fault, flight, seat.began);
                let trip = Trip { attempts: flight.attempts(), status: None, joined: seat.has_joined(), change: None };
                self.settle(seat, Outcome::Failed(Arc::new(error)), trip, now);
            }
        }
    }

    /// Takes a flight off the board, remembers what it learnt and tells its callers. There is no answer where they have left
    /// before.
    fn land(&self, flight: &Arc<Flight<C>>, landed: Option<Answer>) {
        let remember = matches!(landed, Some(Answer::Missing { remember: true }));
        let is_found = matches!(landed, Some(Answer::Found(_)));
        let status = landed.as_ref().and_then(Answer::status);
        // True whenever the request began: at worst a soul that went missing since is asked for once more.
        let is_forgotten = is_found && self.cache.forget(&flight.soul, Instant::now());
        let mut change = is_forgotten.then_some(Change::Invalidated);
        let seats = self.flights.land(flight, || {
            if remember && self.cache.remember(&flight.soul, Instant::now()) {
                change = Some(Change::Inserted);
            }
        });
        let outcome = match landed {
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
                Outcome::Failed(Arc::new(self.failure(fault, flight, flight.began)))
            }
            None if seats.is_empty() => return,
            None => {
                let cause =
                    Cause { code: None, message: "the request was broken off by a fault of gun-native".to_owned() };
                self.stats.count_failed(Code::Connect);
                Outcome::Failed(Arc::new(self.failure(Fault::Connect(cause), flight, flight.began)))
            }
        };
        let now = Instant::now();
        for seat in seats {
            let change = if seat.caller.is_watching() { change.take() } else { None };
            let trip = Trip { attempts: flight.attempts(), status, joined: seat.has_joined(), change };
            self.settle(seat, outcome.clone(), trip, now);
        }
    }

    fn settle(&self, seat: Seat<C>, outcome: Outcome, trip: Trip, now: Instant) {
        self.calls.ended(&outcome, now - seat.began);
        seat.caller.settle(outcome, trip);
    }

    fn failure(&self, fault: Fault, flight: &Flight<C>, began: Instant) -> CallError {
        CallError {
            fault,
            relay: Arc::clone(&self.relay),
            soul: Arc::clone(&flight.soul),
            attempts: flight.attempts(),
            elapsed: began.elapsed(),
        }
    }

    /// A failure before any attempt.
    fn refusal(&self, fault: Fault, soul: &str) -> CallError {
        CallError { fault, relay: Arc::clone(&self.relay), soul: soul.into(), attempts: 0, elapsed: Duration::ZERO }
    }
}

/// Lands the flight when dropped, however its task ends: nobody waits for ever because a leader died.
struct Landing<'f, C: Caller> {
    shared: &'f Shared<C>,
    flight: &'f Arc<Flight<C>>,
    landed: Option<Answer>,
}

impl<C: Caller> Drop for Landing<'_, C> {
    fn drop(&mut self) {
        self.shared.land(self.flight, self.landed.take());
    }
}

#[cfg(test)]
mod tests;
