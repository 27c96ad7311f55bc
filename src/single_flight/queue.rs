//! The queues from callers to the driver: new requests, those that batches hold back, and background refreshes.

use super::{Active, Origin, Request, SingleFlight};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Maximum souls that wait for a refresh. Further ones are not refreshed; their entries expire.
const MAX_REFRESHES: usize = 10_000;

/// Requests that the driver has not taken yet, and refreshes.
#[derive(Debug)]
pub(super) struct Queue<C> {
    last_number: u64,
    /// New requests. A request is removed when its last caller leaves, so each one here has a waiter.
    new: BTreeMap<u64, Arc<Request<C>>>,
    /// Souls that batches hold back until a permit is free.
    held: BTreeMap<u64, Arc<Request<C>>>,
    /// Souls to refresh, [`MAX_REFRESHES`] at most.
    refreshes: VecDeque<Arc<str>>,
    /// Requests that refresh a soul now: they have no waiters to end them.
    refreshing: BTreeMap<u64, Arc<Request<C>>>,
}

impl<C> Default for Queue<C> {
    fn default() -> Self {
        let [new, held, refreshing] = [(); 3].map(|()| BTreeMap::new());
        Self { last_number: 0, new, held, refreshes: VecDeque::new(), refreshing }
    }
}

/// Notifications for the driver's tasks.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub queued: Notify,
    pub held: Notify,
    refresh: Notify,
}

impl Changes {
    pub fn notify_all(&self) {
        for change in [&self.queued, &self.held, &self.refresh] {
            change.notify_one();
        }
    }
}

impl<C> Queue<C> {
    pub fn add(&mut self, request: &Arc<Request<C>>) {
        let number = self.number(request);
        self.new.insert(number, Arc::clone(request));
    }

    /// Keeps a batch's request until there is a permit for it.
    pub fn hold(&mut self, request: &Arc<Request<C>>) {
        let number = self.number(request);
        self.held.insert(number, Arc::clone(request));
    }

    /// The next new request.
    pub fn pop(&mut self) -> Option<Arc<Request<C>>> {
        self.new.pop_first().map(|(_, request)| request)
    }

    /// Removes a request that is held back; returns whether it was.
    pub fn take_held(&mut self, request: &Request<C>) -> bool {
        self.held.remove(&request.queued_as.load(Relaxed)).is_some()
    }

    /// Removes a request without waiters.
    pub fn remove(&mut self, request: &Request<C>) {
        let number = request.queued_as.load(Relaxed);
        self.new.remove(&number);
        self.held.remove(&number);
    }

    /// Marks a refresh as ended.
    pub fn refreshed(&mut self, request: &Request<C>) {
        self.refreshing.remove(&request.queued_as.load(Relaxed));
    }

    pub fn refreshing(&self) -> impl Iterator<Item = &Arc<Request<C>>> {
        self.refreshing.values()
    }

    fn number(&mut self, request: &Request<C>) -> u64 {
        self.last_number += 1;
        request.queued_as.store(self.last_number, Relaxed);
        self.last_number
    }
}

impl<C> SingleFlight<C> {
    /// Queues a background refresh of the soul; see [`SingleFlight::begin_refresh`].
    pub fn refresh_later(&self, soul: &str) {
        let mut active = self.lock();
        let is_full = active.queue.refreshes.len() >= MAX_REFRESHES;
        if active.is_closed || is_full || active.by_soul.contains_key(soul) {
            return;
        }
        active.queue.refreshes.push_back(soul.into());
        drop(active);
        self.changes.refresh.notify_one();
    }

    /// Waits until a refresh is queued; `false` if there will be none.
    pub async fn some_refresh(&self) -> bool {
        self.some(&self.changes.refresh, |queue| !queue.refreshes.is_empty()).await
    }

    /// The request that refreshes the next soul, unless one is active already.
    pub fn begin_refresh(&self, now: Instant) -> Option<Arc<Request<C>>> {
        let mut active = self.lock();
        let soul = active.queue.refreshes.pop_front()?;
        let is_wanted = !active.is_closed && !active.by_soul.contains_key(&soul);
        is_wanted.then(|| {
            let request = active.begin(soul, now, Origin::Refresh, true);
            let Active { queue, .. } = &mut *active;
            let number = queue.number(&request);
            queue.refreshing.insert(number, Arc::clone(&request));
            request
        })
    }

    /// Drops the souls to be refreshed.
    pub fn forget_refreshes(&self) {
        self.lock().queue.refreshes.clear();
    }

    /// Waits for the next request to run; `None` if there will be none.
    pub async fn next_queued(&self) -> Option<Arc<Request<C>>> {
        loop {
            {
                let mut active = self.lock();
                if let Some(request) = active.queue.pop() {
                    return Some(request);
                }
                if active.is_closed {
                    return None;
                }
            }
            self.changes.queued.notified().await;
        }
    }

    /// Waits until a batch holds souls back; `false` if none will.
    pub async fn some_held(&self) -> bool {
        self.some(&self.changes.held, |queue| !queue.held.is_empty()).await
    }

    async fn some(&self, changed: &Notify, is_there: impl Fn(&Queue<C>) -> bool) -> bool {
        loop {
            {
                let active = self.lock();
                if is_there(&active.queue) {
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
        !self.lock().queue.held.is_empty()
    }

    /// Takes the first request that a batch holds back. Before that, a single call that joins it starts it.
    pub fn take_held(&self) -> Option<Arc<Request<C>>> {
        self.lock().queue.held.pop_first().map(|(_, request)| request)
    }
}
