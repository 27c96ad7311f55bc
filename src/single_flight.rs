//! Single-flight: one request per soul at a time, shared by all callers that arrive while it runs.
//!
//! A request is *active* while new callers may join it as waiters. An invalidation detaches it: it still delivers its
//! answer to its waiters, but nobody joins it and its answer is not cached.

mod caller;
mod queue;
mod waiters;

pub use caller::{CallInfo, Caller, Change, Outcome, Retry};
pub use waiters::{Origin, Request, Terms, Waiter, WaiterHandle};

use crate::lock::lock;
use queue::{Changes, Queue};
use quick_cache::DefaultHashBuilder;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::time::Instant;
use waiters::Waiters;

/// What came of a caller's wish to join.
#[derive(Debug)]
pub enum Join<C> {
    /// It waits for a request that was active.
    Joined(WaiterHandle<C>),
    /// It waits for a new request, which was queued for the driver.
    Began(WaiterHandle<C>),
    /// The soul became known as missing a moment ago.
    Known,
    /// There are as many requests as allowed.
    Full,
    /// The client accepts no new calls.
    Closed,
}

/// All requests of a client.
#[derive(Debug)]
pub struct SingleFlight<C> {
    active: Mutex<Active<C>>,
    /// Maximum requests at a time that single calls made.
    limit: usize,
    changes: Changes,
}

#[derive(Debug)]
struct Active<C> {
    /// The request that a caller of the soul joins.
    by_soul: HashMap<Arc<str>, Arc<Request<C>>, DefaultHashBuilder>,
    /// Requests that have not ended, detached ones included.
    count: usize,
    /// Those of them that single calls made.
    singles: usize,
    is_closed: bool,
    queue: Queue<C>,
}

impl<C> SingleFlight<C> {
    /// None yet; `limit` bounds those that single calls begin.
    pub fn new(limit: usize) -> Self {
        let (by_soul, queue) = (HashMap::default(), Queue::default());
        let active = Active { by_soul, count: 0, singles: 0, is_closed: false, queue };
        Self { active: Mutex::new(active), limit, changes: Changes::default() }
    }

    /// Adds a caller to the soul's active request or to a new one. `is_known` is asked before a new one is made: the last
    /// request may have completed since the caller looked.
    pub fn join(
        &self,
        soul: &str,
        now: Instant,
        terms: Terms,
        is_known: impl FnOnce() -> bool,
        caller: impl FnOnce() -> C,
    ) -> Join<C> {
        let mut guard = self.lock();
        let active = &mut *guard;
        if active.is_closed {
            return Join::Closed;
        }
        if !terms.may_join {
            active.by_soul.remove(soul);
        }
        let may_be_held = terms.is_batch && terms.own.is_none();
        if let Some(request) = active.by_soul.get(soul) {
            let request = Arc::clone(request);
            // Only requests that run have timers: a single call, or a batch with a timeout of its own, is not held back with
            // the batch that it joins.
            let is_held = !may_be_held && active.queue.take_held(&request);
            let handle = request.add(now, terms, caller());
            if is_held {
                active.queue.add(&request);
            }
            drop(guard);
            if is_held {
                self.changes.queued.notify_one();
            }
            return Join::Joined(handle);
        }
        if is_known() {
            return Join::Known;
        }
        if !terms.is_batch && active.singles >= self.limit {
            return Join::Full;
        }
        let origin = if terms.is_batch { Origin::Batch } else { Origin::Single };
        let request = active.begin(soul.into(), now, origin, terms.is_fresh);
        let handle = request.add(now, terms, caller());
        if may_be_held {
            active.queue.hold(&request);
        } else {
            active.queue.add(&request);
        }
        // To notify wakes a thread, which must not find the lock taken.
        drop(guard);
        if may_be_held {
            self.changes.held.notify_one();
        } else {
            self.changes.queued.notify_one();
        }
        Join::Began(handle)
    }

    /// Removes a waiter; `None` if it was settled already. The last one to leave ends the request.
    pub fn leave(&self, handle: &WaiterHandle<C>) -> Option<Waiter<C>> {
        let request = &handle.request;
        let (left, is_empty) = self.remove(request, |waiters| waiters.remove(handle.number).into_iter().collect());
        if is_empty {
            request.changed.notify_one();
        }
        left.into_iter().next()
    }

    /// Removes the waiters whose deadline has passed.
    pub fn expire(&self, request: &Arc<Request<C>>, now: Instant) -> Vec<Waiter<C>> {
        let all_expired = |waiters: &mut Waiters<C>| std::iter::from_fn(|| waiters.remove_expired(now)).collect();
        self.remove(request, all_expired).0
    }

    /// Removes waiters; also whether these were the last.
    fn remove(
        &self,
        request: &Arc<Request<C>>,
        remove: impl FnOnce(&mut Waiters<C>) -> Vec<Waiter<C>>,
    ) -> (Vec<Waiter<C>>, bool) {
        let mut active = self.lock();
        let mut waiters = request.waiters();
        let left = remove(&mut waiters);
        let is_last = waiters.is_empty() && !left.is_empty();
        if is_last && request.origin != Origin::Refresh {
            // Its slot is free at once, for a caller who has seen this one leave.
            active.end(request, &mut waiters);
            active.detach(request);
            active.queue.remove(request);
        }
        (left, is_last)
    }

    /// Ends a request: takes all its waiters, and runs `if_current` before anyone can see that it is over, unless the
    /// soul was invalidated since it began.
    pub fn complete(&self, request: &Arc<Request<C>>, if_current: impl FnOnce()) -> Vec<Waiter<C>> {
        let mut active = self.lock();
        if active.detach(request) {
            if_current();
        }
        let mut waiters = request.waiters();
        active.end(request, &mut waiters);
        waiters.take_all()
    }

    /// Lets callers join the request again if it was detached and the soul has no other. For a request that has not asked
    /// anybody yet: it is as good as one that begins now.
    pub fn reattach(&self, request: &Arc<Request<C>>) {
        let mut active = self.lock();
        if !active.by_soul.contains_key(&request.soul) && !request.waiters().has_ended {
            active.by_soul.insert(Arc::clone(&request.soul), Arc::clone(request));
        }
    }

    /// Runs `forget` before another request for the soul can begin, and detaches the one that may have begun meanwhile: this
    /// request has an answer that contradicts what is known.
    pub fn forget_for<T>(&self, request: &Arc<Request<C>>, forget: impl FnOnce() -> T) -> T {
        let mut active = self.lock();
        if active.by_soul.get(&request.soul).is_some_and(|other| !Arc::ptr_eq(other, request)) {
            active.by_soul.remove(&request.soul);
        }
        forget()
    }

    /// Detaches the soul's request and runs `forget` before a new one can begin.
    pub fn invalidate<T>(&self, soul: &str, forget: impl FnOnce() -> T) -> T {
        let mut active = self.lock();
        active.by_soul.remove(soul);
        forget()
    }

    /// Detaches every request and runs `forget` before a new one can begin.
    pub fn invalidate_all<T>(&self, forget: impl FnOnce() -> T) -> T {
        let mut active = self.lock();
        active.by_soul.clear();
        forget()
    }

    /// Accepts no new callers; requests with waiters run on.
    pub fn close(&self) {
        let mut active = self.lock();
        active.is_closed = true;
        active.queue.refreshing().for_each(|request| request.changed.notify_one());
        drop(active);
        self.changes.notify_all();
    }

    /// Whether new callers are refused.
    pub fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Requests that have not ended.
    pub fn active_count(&self) -> usize {
        self.lock().count
    }

    fn lock(&self) -> MutexGuard<'_, Active<C>> {
        lock(&self.active)
    }
}

impl<C> Active<C> {
    fn begin(&mut self, soul: Arc<str>, now: Instant, origin: Origin, is_fresh: bool) -> Arc<Request<C>> {
        let request = Arc::new(Request::new(soul, now, origin, is_fresh));
        self.count += 1;
        self.singles += usize::from(origin == Origin::Single);
        self.by_soul.insert(Arc::clone(&request.soul), Arc::clone(&request));
        request
    }

    /// Counts a request as ended, once.
    fn end(&mut self, request: &Request<C>, waiters: &mut Waiters<C>) {
        if !std::mem::replace(&mut waiters.has_ended, true) {
            self.count -= 1;
            self.singles -= usize::from(request.origin == Origin::Single);
            self.queue.refreshed(request);
        }
    }

    /// Lets nobody join the request any more; whether somebody could.
    fn detach(&mut self, request: &Arc<Request<C>>) -> bool {
        let active = self.by_soul.get(&request.soul);
        let is_active = active.is_some_and(|active| Arc::ptr_eq(active, request));
        if is_active {
            self.by_soul.remove(&request.soul);
        }
        is_active
    }
}

#[cfg(test)]
mod permutations;
#[cfg(test)]
mod tests;
