//! Single-request: one request per soul at a time, shared by all callers that come while it runs.
//!
//! A request carries the callers of one request. It is *current* while new callers may join it; an invalidation detaches
//! it, and from then on it carries its callers home and nothing else.

mod call_info;

pub use call_info::{CallInfo, Change, Retry};

use crate::error::CallError;
use crate::record::RecordText;
use quick_cache::DefaultHashBuilder;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The deadline of a batch's caller that has no timeout of its own and whose request has no permit yet.
const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

/// How a call ends. Cheap to clone: callers share what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The relay has the record.
    Found(RecordText),
    /// The relay has no record of the soul.
    Missing,
    /// It is not known whether there is a record.
    Failed(Arc<CallError>),
}

impl Outcome {
    /// Bytes of the record's text, 0 where there is none.
    pub fn text_bytes(&self) -> usize {
        match self {
            Outcome::Found(record) => record.as_bytes().len(),
            Outcome::Missing | Outcome::Failed(_) => 0,
        }
    }

    /// Whether this ends a call that was counted when it began; a refused argument or a closed client begins none.
    pub fn ends_a_call(&self) -> bool {
        match self {
            Outcome::Found(_) | Outcome::Missing => true,
            Outcome::Failed(error) => error.fault.code().ends_a_call(),
        }
    }
}

/// Somebody who waits for an outcome.
pub trait Caller: Send + 'static {
    /// Takes the outcome; called once, on any thread, with no lock held.
    fn settle(self, outcome: Outcome, info: CallInfo);

    /// Whether to tell of retries and of changes to the cache.
    fn is_watching(&self) -> bool {
        false
    }

    /// Hears of another attempt to come, where it is watching. The request's waiters are locked meanwhile.
    fn retrying(&self, _retry: &Retry) {}
}

/// One request and those who wait for it.
#[derive(Debug)]
pub struct Request<C> {
    /// What is asked for.
    pub soul: Arc<str>,
    /// When the first caller came.
    pub began: Instant,
    /// Requests sent so far.
    pub attempts: AtomicU32,
    waiters: Mutex<Waiters<C>>,
    /// Its number in one of the queues to the driver; 0 if it is in none.
    queued_as: AtomicU64,
    /// Whether a batch began it: a batch has no limit but its own size.
    is_of_batch: bool,
    /// Told when a waiter was left or one with an earlier deadline was taken.
    pub changed: Notify,
}

#[derive(Debug)]
struct Waiters<C> {
    /// By number, which is the order in which they came.
    taken: BTreeMap<u32, Waiter<C>>,
    /// Deadlines with the numbers of their waiters: what one caller does must not cost time for each of the others.
    deadlines: BTreeSet<(Instant, u32)>,
    next_number: u32,
    /// When the request had its first permit.
    permitted: Option<Instant>,
}

impl<C> Waiters<C> {
    fn remove(&mut self, number: u32) -> Option<Waiter<C>> {
        let waiter = self.taken.remove(&number)?;
        self.deadlines.remove(&(waiter.deadline, number));
        Some(waiter)
    }

    /// Removes the next one whose time is over.
    fn remove_expired(&mut self, now: Instant) -> Option<Waiter<C>> {
        let (_, number) = *self.deadlines.first().filter(|(deadline, _)| *deadline <= now)?;
        self.remove(number)
    }
}

/// One caller's place in a request.
#[derive(Debug)]
pub struct Waiter<C> {
    number: u32,
    /// When the caller came.
    pub began: Instant,
    /// When the caller's time ends.
    pub deadline: Instant,
    /// When it ends by the caller's own timeout, if it has one.
    own_deadline: Option<Instant>,
    /// Who sits there.
    pub caller: C,
}

/// What a caller leaves its request with.
#[derive(Debug)]
pub struct WaiterHandle<C> {
    request: Arc<Request<C>>,
    number: u32,
}

/// What became of a caller that asked for a waiter.
#[derive(Debug)]
pub enum Join<C> {
    /// On a request that was there.
    Joined(WaiterHandle<C>),
    /// On a new request, which was sent on its way.
    Began(WaiterHandle<C>),
    /// The soul became known as missing a moment ago.
    Known,
    /// As many single_flight as there may be.
    Full,
    /// The client takes no more calls.
    Closed,
}

/// How long a caller waits.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The caller's own timeout, which counts everything.
    pub own: Option<Duration>,
    /// Otherwise, the time from the request's first permit on. Who joins after that has it from then on.
    pub timeout: Duration,
    /// Longest wait of a single call for that permit.
    pub queue_timeout: Duration,
    /// Whether the caller is part of a batch, which feeds its souls to the wire as permits become free: what it holds back
    /// does not count as waiting.
    pub is_batch: bool,
}

/// All single_flight of a client.
#[derive(Debug)]
pub struct SingleFlight<C> {
    active: Mutex<Active<C>>,
    /// Most single_flight at a time that single calls began.
    limit: usize,
    on_queued: Notify,
    on_held: Notify,
}

#[derive(Debug)]
struct Active<C> {
    current: HashMap<Arc<str>, Arc<Request<C>>, DefaultHashBuilder>,
    /// SingleFlight with callers, detached ones included.
    active_count: usize,
    /// Those of them that single calls began.
    singles: usize,
    is_closed: bool,
    last_number: u64,
    /// New single_flight for the driver to run. What its callers leave before is removed: nothing here waits for nobody.
    queue: BTreeMap<u64, Arc<Request<C>>>,
    /// Souls of batches, which run as permits become free.
    held: BTreeMap<u64, Arc<Request<C>>>,
}

impl<C> SingleFlight<C> {
    /// None yet; `limit` bounds those that single calls begin.
    pub fn new(limit: usize) -> Self {
        let active = Active {
            current: HashMap::default(),
            active_count: 0,
            singles: 0,
            is_closed: false,
            last_number: 0,
            queue: BTreeMap::new(),
            held: BTreeMap::new(),
        };
        Self { active: Mutex::new(active), limit, on_queued: Notify::new(), on_held: Notify::new() }
    }

    /// Waiters a caller on the soul's current request or on a new one. `is_known` is asked before a new one begins: the
    /// last request may have answer since the caller looked.
    pub fn join(
        &self,
        soul: &str,
        now: Instant,
        patience: Patience,
        is_known: impl FnOnce() -> bool,
        caller: impl FnOnce() -> C,
    ) -> Join<C> {
        let mut guard = self.lock();
        let active = &mut *guard;
        if active.is_closed {
            return Join::Closed;
        }
        if let Some(request) = active.current.get(soul) {
            let request = Arc::clone(request);
            // Only requests that run have timers: a single call is not held back with the batch that it joins.
            let is_held = !patience.is_batch && active.held.remove(&request.queued_as.load(Relaxed)).is_some();
            let handle = request.waiter(now, patience, caller());
            if is_held {
                active.enqueue(&request);
            }
            drop(guard);
            if is_held {
                self.on_queued.notify_one();
            }
            return Join::Joined(handle);
        }
        if is_known() {
            return Join::Known;
        }
        if !patience.is_batch && active.singles >= self.limit {
            return Join::Full;
        }
        let request = Arc::new(Request::new(soul.into(), now, patience.is_batch));
        let handle = request.waiter(now, patience, caller());
        active.active_count += 1;
        active.singles += usize::from(!patience.is_batch);
        active.current.insert(Arc::clone(&request.soul), Arc::clone(&request));
        let is_held = patience.is_batch && patience.own.is_none();
        if is_held {
            active.hold(&request);
        } else {
            active.enqueue(&request);
        }
        // To notify wakes a thread, which must not find the active locked.
        drop(guard);
        if is_held {
            self.on_held.notify_one()
        } else {
            self.on_queued.notify_one()
        }
        Join::Began(handle)
    }

    /// The next request to run; `None` when there will be no more.
    pub async fn next_queued(&self) -> Option<Arc<Request<C>>> {
        loop {
            {
                let mut active = self.lock();
                if let Some((_, request)) = active.queue.pop_first() {
                    return Some(request);
                }
                if active.is_closed {
                    return None;
                }
            }
            self.on_queued.notified().await;
        }
    }

    /// Waits until a batch holds souls back; `false` when none will do so any more.
    pub async fn some_held(&self) -> bool {
        loop {
            {
                let active = self.lock();
                if !active.held.is_empty() {
                    return true;
                }
                if active.is_closed {
                    return false;
                }
            }
            self.on_held.notified().await;
        }
    }

    /// Takes the first request that a batch holds back. Until then single calls may make it enqueue by joining it.
    pub fn take_held(&self) -> Option<Arc<Request<C>>> {
        self.lock().held.pop_first().map(|(_, request)| request)
    }

    /// Gives up a caller's waiter, which is returned where it was still taken. The last to leave takes the request out of
    /// others' reach.
    pub fn leave(&self, handle: &WaiterHandle<C>) -> Option<Waiter<C>> {
        let request = &handle.request;
        let (left, is_empty) = self.vacate(request, |waiters| waiters.remove(handle.number).into_iter().collect());
        if is_empty {
            request.changed.notify_one();
        }
        left.into_iter().next()
    }

    /// Takes the callers whose time is over.
    pub fn expire(&self, request: &Arc<Request<C>>, now: Instant) -> Vec<Waiter<C>> {
        let all_expired = |waiters: &mut Waiters<C>| std::iter::from_fn(|| waiters.remove_expired(now)).collect();
        self.vacate(request, all_expired).0
    }

    /// Removes callers; also whether these were the last.
    fn vacate(
        &self,
        request: &Arc<Request<C>>,
        remove: impl FnOnce(&mut Waiters<C>) -> Vec<Waiter<C>>,
    ) -> (Vec<Waiter<C>>, bool) {
        let mut active = self.lock();
        let mut waiters = request.waiters();
        let left = remove(&mut waiters);
        let is_last = waiters.taken.is_empty() && !left.is_empty();
        if is_last {
            // Its place is free at once, for a caller who has seen this one leave.
            active.end(request);
            active.detach(request);
            let number = request.queued_as.load(Relaxed);
            active.queue.remove(&number);
            active.held.remove(&number);
        }
        (left, is_last)
    }

    /// Ends a request: takes all its callers, and runs `if_current` before anyone can see that it is over, unless the
    /// soul was invalidated since it began.
    pub fn complete(&self, request: &Arc<Request<C>>, if_current: impl FnOnce()) -> Vec<Waiter<C>> {
        let mut active = self.lock();
        if active.detach(request) {
            if_current();
        }
        let waiters = {
            let mut waiters = request.waiters();
            waiters.deadlines.clear();
            std::mem::take(&mut waiters.taken)
        };
        if !waiters.is_empty() {
            active.end(request);
        }
        waiters.into_values().collect()
    }

    /// Detaches the soul's request and runs `forget` before a new one can begin.
    pub fn invalidate<T>(&self, soul: &str, forget: impl FnOnce() -> T) -> T {
        let mut active = self.lock();
        active.current.remove(soul);
        forget()
    }

    /// Detaches every request and runs `forget` before a new one can begin.
    pub fn invalidate_all<T>(&self, forget: impl FnOnce() -> T) -> T {
        let mut active = self.lock();
        active.current.clear();
        forget()
    }

    /// Lets no new request begin; those in the air complete.
    pub fn close(&self) {
        self.lock().is_closed = true;
        self.on_queued.notify_one();
        self.on_held.notify_one();
    }

    /// SingleFlight with callers.
    pub fn active_count(&self) -> usize {
        self.lock().active_count
    }

    fn lock(&self) -> MutexGuard<'_, Active<C>> {
        // Every change of the active is complete before anything that could panic.
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> Waiter<C> {
    /// Whether the request was under way when the caller came.
    pub fn has_joined(&self) -> bool {
        self.number > 0
    }
}

impl<C: Caller> Request<C> {
    /// Tells the callers who watch of another attempt; `retry` is made where there is one.
    pub fn will_retry(&self, retry: impl FnOnce() -> Retry) {
        let waiters = self.waiters();
        let mut watching = waiters.taken.values().filter(|waiter| waiter.caller.is_watching()).peekable();
        if watching.peek().is_some() {
            let retry = retry();
            watching.for_each(|waiter| waiter.caller.retrying(&retry));
        }
    }
}

impl<C> Active<C> {
    fn enqueue(&mut self, request: &Arc<Request<C>>) {
        self.last_number += 1;
        request.queued_as.store(self.last_number, Relaxed);
        self.queue.insert(self.last_number, Arc::clone(request));
    }

    fn hold(&mut self, request: &Arc<Request<C>>) {
        self.last_number += 1;
        request.queued_as.store(self.last_number, Relaxed);
        self.held.insert(self.last_number, Arc::clone(request));
    }

    /// A request has no callers any more.
    fn end(&mut self, request: &Request<C>) {
        self.active_count -= 1;
        self.singles -= usize::from(!request.is_of_batch);
    }

    /// Takes a request out of others' reach; whether it was within.
    fn detach(&mut self, request: &Arc<Request<C>>) -> bool {
        let current = self.current.get(&request.soul);
        let is_current = current.is_some_and(|current| Arc::ptr_eq(current, request));
        if is_current {
            self.current.remove(&request.soul);
        }
        is_current
    }
}

impl<C> Request<C> {
    fn new(soul: Arc<str>, began: Instant, is_of_batch: bool) -> Self {
        let waiters = Waiters { taken: BTreeMap::new(), deadlines: BTreeSet::new(), next_number: 0, permitted: None };
        Self {
            soul,
            began,
            attempts: AtomicU32::new(0),
            waiters: Mutex::new(waiters),
            queued_as: AtomicU64::new(0),
            is_of_batch,
            changed: Notify::new(),
        }
    }

    fn waiter(self: &Arc<Self>, now: Instant, patience: Patience, caller: C) -> WaiterHandle<C> {
        let Patience { own, timeout, queue_timeout, is_batch } = patience;
        let own_deadline = own.map(|own| now + own);
        let mut waiters = self.waiters();
        let shared = match waiters.permitted {
            // Who joins after the others' time, because a more patient caller keeps the request going, has all of it.
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
        let is_earliest = waiters.deadlines.first().is_none_or(|(first, _)| deadline < *first);
        waiters.deadlines.insert((deadline, number));
        waiters.taken.insert(number, Waiter { number, began: now, deadline, own_deadline, caller });
        if is_earliest && number > 0 {
            self.changed.notify_one();
        }
        WaiterHandle { request: Arc::clone(self), number }
    }

    /// The request has its first permit: from now on its callers have `timeout`, unless they have their own.
    pub fn permitted(&self, now: Instant, timeout: Duration) {
        let mut waiters = self.waiters();
        let waiters = &mut *waiters;
        if waiters.permitted.is_some() {
            return;
        }
        waiters.permitted = Some(now);
        waiters.deadlines.clear();
        for (number, waiter) in &mut waiters.taken {
            waiter.deadline = waiter.own_deadline.unwrap_or(now + timeout);
            waiters.deadlines.insert((waiter.deadline, *number));
        }
        self.changed.notify_one();
    }

    /// When the request had its first permit.
    pub fn permitted_at(&self) -> Option<Instant> {
        self.waiters().permitted
    }

    /// When the first caller's time ends; `None` when every caller has left.
    pub fn first_deadline(&self) -> Option<Instant> {
        self.waiters().deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// When the last caller's time ends; `None` when every caller has left.
    pub fn last_deadline(&self) -> Option<Instant> {
        self.waiters().deadlines.last().map(|(deadline, _)| *deadline)
    }

    /// Requests sent so far.
    pub fn attempts(&self) -> u32 {
        self.attempts.load(Relaxed)
    }

    fn waiters(&self) -> MutexGuard<'_, Waiters<C>> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod permutations;
#[cfg(test)]
mod tests;
