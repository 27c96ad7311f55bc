//! The state shared by the clones of a store and its driver.

use super::keys::{Keys, Message};
use super::machine::{Action, Event, Machine, Moment};
use super::{Listener, LookUp, StoreConfig, StoreError, Token};
use crate::lock::lock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::Instant;

/// Passes a result on when dropped.
pub(super) struct Settled<F: FnOnce(Result<(), StoreError>)> {
    pub(super) result: Result<(), StoreError>,
    pub(super) then: Option<F>,
}

impl<F: FnOnce(Result<(), StoreError>)> Drop for Settled<F> {
    fn drop(&mut self) {
        if let Some(then) = self.then.take() {
            then(std::mem::replace(&mut self.result, Ok(())));
        }
    }
}

pub(super) struct Inner {
    pub(super) config: StoreConfig,
    pub(super) keys: Keys,
    pub(super) origin: Arc<str>,
    pub(super) listener: Weak<dyn Listener>,
    pub(super) base: Instant,
    pub(super) core: Mutex<Core>,
    /// Until when entries may be trusted, in microseconds from `base`; 0 while off.
    pub(super) lease: AtomicU64,
    /// Wakes the driver.
    pub(super) wake: Notify,
    /// Changes when invalidations are confirmed, and at the end.
    pub(super) progress: watch::Sender<()>,
    /// A look-up timed out, and the store has not answered anything since.
    pub(super) is_silent: AtomicBool,
    /// The first attempt to connect has not ended.
    pub(super) is_starting: AtomicBool,
    pub(super) handle: Handle,
    pub(super) hits: AtomicU64,
    pub(super) errors: AtomicU64,
}

/// The data under the lock. No listener is called while it is held.
pub(super) struct Core {
    pub(super) machine: Machine,
    /// Actions for the driver.
    pub(super) io: Vec<Action>,
    pub(super) look_ups: Vec<Asked>,
    pub(super) remembers: Vec<Remember>,
    /// When to end at the latest; set by closing.
    pub(super) closes_at: Option<Instant>,
    pub(super) is_closed: bool,
}

/// A queued look-up.
pub(super) struct Asked {
    pub(super) soul: Arc<str>,
    pub(super) answer: oneshot::Sender<LookUp>,
}

/// A queued entry.
pub(super) struct Remember {
    pub(super) soul: Arc<str>,
    pub(super) token: Token,
    pub(super) life: Duration,
}

impl Inner {
    pub(super) fn core(&self) -> MutexGuard<'_, Core> {
        lock(&self.core)
    }

    pub(super) fn now(&self) -> Moment {
        self.base.elapsed()
    }

    pub(super) fn has_started(&self) {
        if self.is_starting.load(Relaxed) && self.is_starting.swap(false, Relaxed) {
            self.progress.send_replace(());
        }
    }

    pub(super) fn count_error(&self) {
        self.errors.fetch_add(1, Relaxed);
    }

    /// Handles an event: calls the client at once and queues I/O for the driver. Called on the network thread, so that the client
    /// gets everything in order.
    pub(super) fn handle(&self, session: u64, event: Event<'_>) {
        let actions = {
            let mut core = self.core();
            let mut actions = core.machine.handle(self.now(), session, event);
            core.io.extend(actions.extract_if(.., |action| action.is_io()));
            actions
        };
        let listener = self.listener.upgrade();
        for action in actions {
            if let Action::Trust(until) = action {
                self.lease.store(until.map_or(0, micros), Relaxed);
                self.has_started();
            }
            let Some(listener) = &listener else { continue };
            match action {
                Action::Forget(soul) => listener.forget(&soul),
                Action::ForgetAll(cause) => listener.forget_all(cause),
                Action::Trust(until) => listener.trusted_until(until.map(|until| self.base + until)),
                Action::Lost(why) => listener.lost(&why),
                Action::Back(down_for) => listener.back(down_for),
                _ => {}
            }
        }
    }

    /// Handles a message of the channel. Messages arrive in the order in which the store sent them.
    pub(super) fn handle_message(&self, session: u64, text: &[u8]) {
        let event = match Message::parse(text) {
            Some(Message::Soul { n, origin, soul }) => Event::Message { n, origin, soul },
            Some(Message::All { origin, epoch }) => Event::All { origin, epoch },
            None => Event::Unreadable,
        };
        self.handle(session, event);
        self.wake.notify_one();
    }

    pub(super) fn begin_close(&self, within: Duration) {
        let closes_at = Instant::now() + within;
        {
            let mut core = self.core();
            let earlier = core.closes_at.map_or(closes_at, |at| at.min(closes_at));
            core.closes_at = Some(earlier);
        }
        self.wake.notify_one();
    }

    pub(super) async fn wait_for(&self, is_so: impl Fn(&Core) -> bool) {
        let mut progress = self.progress.subscribe();
        while !is_so(&self.core()) {
            if progress.changed().await.is_err() {
                return;
            }
        }
    }
}

pub(super) fn micros(moment: Moment) -> u64 {
    u64::try_from(moment.as_micros()).unwrap_or(u64::MAX)
}
