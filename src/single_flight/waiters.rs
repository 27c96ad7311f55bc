//! One request and its waiters, with their deadlines.

use super::{Caller, Retry};
use crate::lock::lock;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The deadline of a batch's caller that has no timeout of its own and whose request has no permit yet.
const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

/// One request and its waiters.
#[derive(Debug)]
pub struct Request<C> {
    /// The requested soul.
    pub soul: Arc<str>,
    /// When it was created, by its first caller or for a refresh.
    pub began: Instant,
    /// Whether its first caller asked for a fresh answer, so caches and stores do not count.
    pub is_fresh: bool,
    /// Attempts at the first relay so far.
    pub attempts: AtomicU32,
    waiters: Mutex<Waiters<C>>,
    /// Its number in one of the queues; 0 if it is in none.
    pub(super) queued_as: AtomicU64,
    pub(super) origin: Origin,
    /// Notified when a waiter left or one with an earlier deadline joined.
    pub changed: Notify,
}

/// What a request was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A single call.
    Single,
    /// A batch, which has no limit but its own size.
    Batch,
    /// A refresh in the background: it needs no waiter.
    Refresh,
}

/// One caller of a request.
#[derive(Debug)]
pub struct Waiter<C> {
    number: u32,
    /// When the caller joined.
    pub began: Instant,
    /// When the caller's time ends.
    pub deadline: Instant,
    /// When it ends by the caller's own timeout, if it has one.
    own_deadline: Option<Instant>,
    /// Receives the outcome.
    pub caller: C,
}

/// What a caller leaves its request with.
#[derive(Debug)]
pub struct WaiterHandle<C> {
    pub(super) request: Arc<Request<C>>,
    pub(super) number: u32,
}

/// How a caller joins.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// The caller's own timeout, which counts everything.
    pub own: Option<Duration>,
    /// Otherwise, the time from the request's first permit. A caller who joins later has it from then on.
    pub timeout: Duration,
    /// Longest wait of a single call for that permit.
    pub queue_timeout: Duration,
    /// Whether the caller is part of a batch, which feeds its souls to the wire as permits become free. Souls that it
    /// holds back do not count as waiting.
    pub is_batch: bool,
    /// Whether a new request must ask the relay even if a cache or store knows the answer.
    pub is_fresh: bool,
    /// Whether an active request may be joined. If not, it is detached and a new one is made.
    pub may_join: bool,
}

/// The waiters of a request. Most requests have one, which needs no allocation.
#[derive(Debug)]
pub(super) struct Waiters<C> {
    /// Number 0.
    first: Option<Waiter<C>>,
    /// The others by number, which is the order in which they joined.
    others: BTreeMap<u32, Waiter<C>>,
    /// Deadlines, ordered: joining and leaving must not cost time per waiter.
    deadlines: BTreeSet<(Instant, u32)>,
    next_number: u32,
    /// When the request had its first permit.
    permitted: Option<Instant>,
    /// The request is complete: no one can join, and it does not count as active.
    pub has_ended: bool,
}

impl<C> Waiters<C> {
    fn new() -> Self {
        let (others, deadlines) = (BTreeMap::new(), BTreeSet::new());
        Self { first: None, others, deadlines, next_number: 0, permitted: None, has_ended: false }
    }

    pub fn is_empty(&self) -> bool {
        self.first.is_none() && self.others.is_empty()
    }

    fn iter(&self) -> impl Iterator<Item = &Waiter<C>> {
        self.first.iter().chain(self.others.values())
    }

    fn insert(&mut self, waiter: Waiter<C>) {
        if waiter.number == 0 {
            self.first = Some(waiter);
        } else {
            self.deadlines.insert((waiter.deadline, waiter.number));
            self.others.insert(waiter.number, waiter);
        }
    }

    pub fn remove(&mut self, number: u32) -> Option<Waiter<C>> {
        if number == 0 {
            return self.first.take();
        }
        let waiter = self.others.remove(&number)?;
        self.deadlines.remove(&(waiter.deadline, number));
        Some(waiter)
    }

    /// Removes the next waiter whose deadline has passed.
    pub fn remove_expired(&mut self, now: Instant) -> Option<Waiter<C>> {
        let (_, number) = self.earliest().filter(|(deadline, _)| *deadline <= now)?;
        self.remove(number)
    }

    /// Removes all waiters, in the order in which they joined.
    pub fn take_all(&mut self) -> Vec<Waiter<C>> {
        self.deadlines.clear();
        self.first.take().into_iter().chain(std::mem::take(&mut self.others).into_values()).collect()
    }

    /// The first deadline and its waiter.
    fn earliest(&self) -> Option<(Instant, u32)> {
        let others = self.deadlines.first().copied();
        self.first_deadline().into_iter().chain(others).min()
    }

    /// The last deadline and its waiter.
    fn latest(&self) -> Option<(Instant, u32)> {
        let others = self.deadlines.last().copied();
        self.first_deadline().into_iter().chain(others).max()
    }

    fn first_deadline(&self) -> Option<(Instant, u32)> {
        self.first.as_ref().map(|waiter| (waiter.deadline, waiter.number))
    }

    /// Sets each waiter's deadline to the result of `deadline`.
    fn set_deadlines(&mut self, deadline: impl Fn(&Waiter<C>) -> Instant) {
        if let Some(first) = &mut self.first {
            first.deadline = deadline(first);
        }
        self.deadlines.clear();
        for (number, waiter) in &mut self.others {
            waiter.deadline = deadline(waiter);
            self.deadlines.insert((waiter.deadline, *number));
        }
    }
}

impl<C> Waiter<C> {
    /// Whether the request was active when the caller joined.
    pub fn has_joined(&self) -> bool {
        self.number > 0
    }
}

impl<C: Caller> Request<C> {
    /// Reports a retry to the callers that watch; `retry` is called only if there is one.
    pub fn will_retry(&self, retry: impl FnOnce() -> Retry) {
        let waiters = self.waiters();
        let mut watching = waiters.iter().filter(|waiter| waiter.caller.is_watching()).peekable();
        if watching.peek().is_some() {
            let retry = retry();
            watching.for_each(|waiter| waiter.caller.retrying(&retry));
        }
    }
}

impl<C> Request<C> {
    pub(super) fn new(soul: Arc<str>, began: Instant, origin: Origin, is_fresh: bool) -> Self {
        Self {
            soul,
            began,
            is_fresh,
            attempts: AtomicU32::new(0),
            waiters: Mutex::new(Waiters::new()),
            queued_as: AtomicU64::new(0),
            origin,
            changed: Notify::new(),
        }
    }

    pub(super) fn add(self: &Arc<Self>, now: Instant, terms: Terms, caller: C) -> WaiterHandle<C> {
        let Terms { own, timeout, queue_timeout, is_batch, .. } = terms;
        let own_deadline = own.map(|own| now + own);
        let mut waiters = self.waiters();
        let shared = match waiters.permitted {
            // A caller that joins after the others' deadline, while a more patient one keeps the request alive, has its full time.
            Some(permitted) => Some(permitted + timeout).filter(|end| *end > now).unwrap_or(now + timeout),
            None if is_batch => now + FAR,
            None => now + queue_timeout,
        };
        let deadline = match own_deadline {
            Some(own) if waiters.permitted.is_some() => own,
            Some(own) => own.min(shared),
            None => shared,
        };
        let number = waiters.next_number;
        waiters.next_number += 1;
        let is_earliest = waiters.earliest().is_none_or(|(first, _)| deadline < first);
        waiters.insert(Waiter { number, began: now, deadline, own_deadline, caller });
        if is_earliest && (number > 0 || self.origin == Origin::Refresh) {
            self.changed.notify_one();
        }
        WaiterHandle { request: Arc::clone(self), number }
    }

    /// The request has its first permit: from now on, callers without their own timeout have `timeout`.
    pub fn permitted(&self, now: Instant, timeout: Duration) {
        let mut waiters = self.waiters();
        if waiters.permitted.is_none() {
            waiters.permitted = Some(now);
            waiters.set_deadlines(|waiter| waiter.own_deadline.unwrap_or(now + timeout));
            self.changed.notify_one();
        }
    }

    /// Gives the callers without a timeout of their own more time.
    pub fn postpone(&self, by: Duration) {
        self.waiters().set_deadlines(|waiter| waiter.own_deadline.unwrap_or(waiter.deadline + by));
    }

    /// When the request had its first permit.
    pub fn permitted_at(&self) -> Option<Instant> {
        self.waiters().permitted
    }

    /// When the first caller's time ends; `None` if every caller has left.
    pub fn first_deadline(&self) -> Option<Instant> {
        self.waiters().earliest().map(|(deadline, _)| deadline)
    }

    /// When the last caller's time ends; `None` if every caller has left.
    pub fn last_deadline(&self) -> Option<Instant> {
        self.waiters().latest().map(|(deadline, _)| deadline)
    }

    /// What is left of the last caller's time.
    pub fn remaining(&self, now: Instant) -> Duration {
        self.last_deadline().map_or(Duration::ZERO, |deadline| deadline.saturating_duration_since(now))
    }

    /// Attempts at the first relay so far.
    pub fn attempts(&self) -> u32 {
        self.attempts.load(Relaxed)
    }

    /// Whether it refreshes an entry in the background.
    pub fn is_refresh(&self) -> bool {
        self.origin == Origin::Refresh
    }

    pub(super) fn waiters(&self) -> MutexGuard<'_, Waiters<C>> {
        lock(&self.waiters)
    }
}
