//! Single-flight: one request per soul at a time, shared by all callers that arrive while it runs.
//!
//! A request is *active* while new callers may join it as waiters. An invalidation detaches it: it still delivers its
//! answer to its waiters, but nobody joins it and its answer is not cached.

mod call_info;

pub use call_info::{CallInfo, Change, Retry};

use crate::error::CallError;
use crate::record::RecordText;
use quick_cache::DefaultHashBuilder;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The deadline of a batch's caller that has no timeout of its own and whose request has no permit yet.
const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

/// Maximum souls that wait for a refresh. Further ones are not refreshed; their entries expire.
const MAX_REFRESHES: usize = 10_000;

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
    /// The same for a caller that waits for further outcomes; see [`RecordText::unguarded`].
    pub fn unguarded(self) -> Self {
        match self {
            Outcome::Found(record) => Outcome::Found(record.unguarded()),
            other => other,
        }
    }

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

/// The caller behind a waiter.
pub trait Caller: Send + 'static {
    /// Receives the outcome; called once, on any thread, with no lock held.
    fn settle(self, outcome: Outcome, info: CallInfo);

    /// Whether it wants to know of retries and of changes to the cache.
    fn is_watching(&self) -> bool {
        false
    }

    /// Another attempt will be made. Called if it is watching, with the request's waiters locked.
    fn retrying(&self, _retry: &Retry) {}
}

/// One request and its waiters.
#[derive(Debug)]
pub struct Request<C> {
    /// What is asked for.
    pub soul: Arc<str>,
    /// When it was made, by its first caller or for a refresh.
    pub began: Instant,
    /// Whether its first caller wanted the relay's word, whatever a cache or store knows.
    pub is_fresh: bool,
    /// Attempts at the first relay so far.
    pub attempts: AtomicU32,
    waiters: Mutex<Waiters<C>>,
    /// Its number in one of the queues; 0 if it is in none.
    queued_as: AtomicU64,
    origin: Origin,
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

#[derive(Debug)]
struct Waiters<C> {
    /// By number, which is the order in which they joined.
    all: BTreeMap<u32, Waiter<C>>,
    /// Deadlines with the waiters' numbers: what one caller does must not cost time for each of the others.
    deadlines: BTreeSet<(Instant, u32)>,
    next_number: u32,
    /// When the request had its first permit.
    permitted: Option<Instant>,
    /// Nobody can join any more, and it is not counted as active.
    has_ended: bool,
}

impl<C> Waiters<C> {
    fn remove(&mut self, number: u32) -> Option<Waiter<C>> {
        let waiter = self.all.remove(&number)?;
        self.deadlines.remove(&(waiter.deadline, number));
        Some(waiter)
    }

    /// Removes the next waiter whose deadline has passed.
    fn remove_expired(&mut self, now: Instant) -> Option<Waiter<C>> {
        let (_, number) = *self.deadlines.first().filter(|(deadline, _)| *deadline <= now)?;
        self.remove(number)
    }

    /// Gives each waiter the deadline that `deadline` makes of it.
    fn set_deadlines(&mut self, deadline: impl Fn(&Waiter<C>) -> Instant) {
        self.deadlines.clear();
        for (number, waiter) in &mut self.all {
            waiter.deadline = deadline(waiter);
            self.deadlines.insert((waiter.deadline, *number));
        }
    }
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
    /// Who is to get the outcome.
    pub caller: C,
}

/// What a caller leaves its request with.
#[derive(Debug)]
pub struct WaiterHandle<C> {
    request: Arc<Request<C>>,
    number: u32,
}

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
    /// Whether a new request is to ask the relay, whatever a cache or store knows.
    pub is_fresh: bool,
    /// Whether an active request may be joined. If not, it is detached and a new one is made.
    pub may_join: bool,
}

/// All requests of a client.
#[derive(Debug)]
pub struct SingleFlight<C> {
    active: Mutex<Active<C>>,
    /// Maximum requests at a time that single calls made.
    limit: usize,
    on_queued: Notify,
    on_held: Notify,
    on_refresh: Notify,
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
    last_number: u64,
    /// New requests for the driver. One whose callers all leave is removed, so nothing here is without a waiter.
    queue: BTreeMap<u64, Arc<Request<C>>>,
    /// Souls that batches hold back until a permit is free.
    held: BTreeMap<u64, Arc<Request<C>>>,
    /// Souls to refresh, [`MAX_REFRESHES`] at most.
    refreshes: VecDeque<Arc<str>>,
    /// Requests that refresh a soul now: they have no waiters to end them.
    refreshing: BTreeMap<u64, Arc<Request<C>>>,
}

impl<C> SingleFlight<C> {
    /// None yet; `limit` bounds those that single calls begin.
    pub fn new(limit: usize) -> Self {
        let active = Active {
            by_soul: HashMap::default(),
            count: 0,
            singles: 0,
            is_closed: false,
            last_number: 0,
            queue: BTreeMap::new(),
            held: BTreeMap::new(),
            refreshes: VecDeque::new(),
            refreshing: BTreeMap::new(),
        };
        let [on_queued, on_held, on_refresh] = [(); 3].map(|()| Notify::new());
        Self { active: Mutex::new(active), limit, on_queued, on_held, on_refresh }
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
            let is_held = !may_be_held && active.held.remove(&request.queued_as.load(Relaxed)).is_some();
            let handle = request.add(now, terms, caller());
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
        if !terms.is_batch && active.singles >= self.limit {
            return Join::Full;
        }
        let origin = if terms.is_batch { Origin::Batch } else { Origin::Single };
        let request = active.begin(soul.into(), now, origin, terms.is_fresh);
        let handle = request.add(now, terms, caller());
        if may_be_held {
            active.hold(&request);
        } else {
            active.enqueue(&request);
        }
        // To notify wakes a thread, which must not find the lock taken.
        drop(guard);
        if may_be_held {
            self.on_held.notify_one();
        } else {
            self.on_queued.notify_one();
        }
        Join::Began(handle)
    }

    /// Asks for a refresh of the soul in the background; see [`SingleFlight::begin_refresh`].
    pub fn refresh_later(&self, soul: &str) {
        let mut active = self.lock();
        if active.is_closed || active.refreshes.len() >= MAX_REFRESHES || active.by_soul.contains_key(soul) {
            return;
        }
        active.refreshes.push_back(soul.into());
        drop(active);
        self.on_refresh.notify_one();
    }

    /// Waits until a soul is to be refreshed; `false` if none will be any more.
    pub async fn some_refresh(&self) -> bool {
        self.some(&self.on_refresh, |active| !active.refreshes.is_empty()).await
    }

    /// The request that refreshes the next soul, unless one is active already.
    pub fn begin_refresh(&self, now: Instant) -> Option<Arc<Request<C>>> {
        let mut active = self.lock();
        let soul = active.refreshes.pop_front()?;
        let is_wanted = !active.is_closed && !active.by_soul.contains_key(&soul);
        is_wanted.then(|| {
            let request = active.begin(soul, now, Origin::Refresh, true);
            let number = active.number(&request);
            active.refreshing.insert(number, Arc::clone(&request));
            request
        })
    }

    /// Drops the souls to be refreshed.
    pub fn forget_refreshes(&self) {
        self.lock().refreshes.clear();
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

    /// Waits until a batch holds souls back; `false` if none will any more.
    pub async fn some_held(&self) -> bool {
        self.some(&self.on_held, |active| !active.held.is_empty()).await
    }

    async fn some(&self, changed: &Notify, is_there: impl Fn(&Active<C>) -> bool) -> bool {
        loop {
            {
                let active = self.lock();
                if is_there(&active) {
                    return true;
                }
                if active.is_closed {
                    return false;
                }
            }
            changed.notified().await;
        }
    }

    /// Whether a batch holds souls back.
    pub fn has_held(&self) -> bool {
        !self.lock().held.is_empty()
    }

    /// Takes the first request that a batch holds back. Until then a single call that joins it makes it run.
    pub fn take_held(&self) -> Option<Arc<Request<C>>> {
        self.lock().held.pop_first().map(|(_, request)| request)
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
        let is_last = waiters.all.is_empty() && !left.is_empty();
        if is_last && request.origin != Origin::Refresh {
            // Its slot is free at once, for a caller who has seen this one leave.
            active.end(request, &mut waiters);
            active.detach(request);
            let number = request.queued_as.load(Relaxed);
            active.queue.remove(&number);
            active.held.remove(&number);
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
        waiters.deadlines.clear();
        std::mem::take(&mut waiters.all).into_values().collect()
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
        active.refreshing.values().for_each(|request| request.changed.notify_one());
        drop(active);
        for waiting in [&self.on_queued, &self.on_held, &self.on_refresh] {
            waiting.notify_one();
        }
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
        // Every change of the active is complete before anything that could panic.
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> Waiter<C> {
    /// Whether the request was active when the caller joined.
    pub fn has_joined(&self) -> bool {
        self.number > 0
    }
}

impl<C: Caller> Request<C> {
    /// Tells the callers who watch of another attempt; `retry` is made if there is one.
    pub fn will_retry(&self, retry: impl FnOnce() -> Retry) {
        let waiters = self.waiters();
        let mut watching = waiters.all.values().filter(|waiter| waiter.caller.is_watching()).peekable();
        if watching.peek().is_some() {
            let retry = retry();
            watching.for_each(|waiter| waiter.caller.retrying(&retry));
        }
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

    fn enqueue(&mut self, request: &Arc<Request<C>>) {
        let number = self.number(request);
        self.queue.insert(number, Arc::clone(request));
    }

    fn hold(&mut self, request: &Arc<Request<C>>) {
        let number = self.number(request);
        self.held.insert(number, Arc::clone(request));
    }

    fn number(&mut self, request: &Request<C>) -> u64 {
        self.last_number += 1;
        request.queued_as.store(self.last_number, Relaxed);
        self.last_number
    }

    /// Counts a request as ended, once.
    fn end(&mut self, request: &Request<C>, waiters: &mut Waiters<C>) {
        if !std::mem::replace(&mut waiters.has_ended, true) {
            self.count -= 1;
            self.singles -= usize::from(request.origin == Origin::Single);
            self.refreshing.remove(&request.queued_as.load(Relaxed));
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

impl<C> Request<C> {
    fn new(soul: Arc<str>, began: Instant, origin: Origin, is_fresh: bool) -> Self {
        let waiters = Waiters {
            all: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            next_number: 0,
            permitted: None,
            has_ended: false,
        };
        Self {
            soul,
            began,
            is_fresh,
            attempts: AtomicU32::new(0),
            waiters: Mutex::new(waiters),
            queued_as: AtomicU64::new(0),
            origin,
            changed: Notify::new(),
        }
    }

    fn add(self: &Arc<Self>, now: Instant, terms: Terms, caller: C) -> WaiterHandle<C> {
        let Terms { own, timeout, queue_timeout, is_batch, .. } = terms;
        let own_deadline = own.map(|own| now + own);
        let mut waiters = self.waiters();
        let shared = match waiters.permitted {
            // Who joins after the others' deadline, because a more patient caller keeps the request alive, has all of it.
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
        waiters.all.insert(number, Waiter { number, began: now, deadline, own_deadline, caller });
        if is_earliest && (number > 0 || self.origin == Origin::Refresh) {
            self.changed.notify_one();
        }
        WaiterHandle { request: Arc::clone(self), number }
    }

    /// The request has its first permit: from now on its callers have `timeout`, unless they have their own.
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
        self.waiters().deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// When the last caller's time ends; `None` if every caller has left.
    pub fn last_deadline(&self) -> Option<Instant> {
        self.waiters().deadlines.last().map(|(deadline, _)| *deadline)
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

    fn waiters(&self) -> MutexGuard<'_, Waiters<C>> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod permutations;
#[cfg(test)]
mod tests;
