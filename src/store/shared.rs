//! One Valkey or Redis for all processes behind one relay; `docs/design.md` says what it promises, `docs/scaling.md` how to run it.
//!
//! # How a client uses it
//!
//! 1. **A call.** Read [`SharedStore::trust`] once per call. [`Trust::Everything`]: use the in-memory cache and requests in
//!    flight as usual. [`Trust::Own`] (the store is off): treat entries learned from the store as unknown, everything else
//!    as usual. [`Trust::Nothing`] (this process was frozen): treat every entry as unknown and **join no request in
//!    flight**: detach it.
//! 2. **A local miss.** The request first awaits [`SharedStore::look_up`], then asks the relay. [`LookUp::Missing`] ends
//!    the request as a 404 would, with its own TTL; its entry in memory is marked as learned from the store. **It must pass
//!    through the request's completion**, which stores nothing if the request was detached meanwhile.
//! 3. **A 404 of the relay.** If the request is not detached and had a [`Token`]: [`SharedStore::remember`].
//! 4. **An invalidation**, under the lock of the requests in flight: first [`SharedStore::invalidate`], then forget the
//!    entry and detach the request. In the other order, a request that begins between the two would read the old entry.
//! 5. **A message** arrives as [`Listener::forget`] or [`Listener::forget_all`]: forget and detach under the same lock, and do
//!    not call the store's `invalidate`. The store holds no lock of its own meanwhile.
//! 6. `fresh` calls ignore the look-up's answer but need its token, also that of a [`LookUp::Missing`].

mod connection;
mod driver;
mod inner;
mod keys;
mod machine;
mod pending;
mod scripts;

#[cfg(test)]
pub(crate) mod tests;

use super::{Listener, StoreError, StoreStats};
use crate::config::{StoreUrl, Tls};
use inner::{Asked, Core, Inner, Remember, Settled, micros};
use keys::Keys;
pub use machine::Flush;
use machine::{Machine, Moment};
use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::{Instant, timeout};

/// Time limit of a look-up; after it the relay is asked.
pub const LOOK_UP_TIMEOUT: Duration = Duration::from_millis(100);
/// How long a call waits for the first connection of a process.
const START_TIMEOUT: Duration = Duration::from_millis(50);
/// How long [`SharedStore::flushed`] waits.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(2_000);
/// How long [`SharedStore::close`] waits for what is not confirmed.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);
/// Maximum queued look-ups: more than a client with default options has requests.
const MAX_LOOK_UPS: usize = 16_384;
/// Maximum queued entries; further ones are not sent.
const MAX_REMEMBERS: usize = 4_096;

/// Configuration of a shared store.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// Its URL.
    pub url: StoreUrl,
    /// Distinguishes one relay's knowledge from another's: by default the relay's URL without credentials.
    pub namespace: String,
    /// TLS configuration, for a URL with TLS.
    pub tls: Tls,
}

/// What a call may use: cached entries and requests in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The store is on: everything.
    Everything,
    /// The store is off: only what this process learned from the relay itself. Requests may be joined.
    Own,
    /// The store should be on but has been silent for too long, for example because this process was frozen: nothing.
    Nothing,
}

/// The store's answer about a soul.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookUp {
    /// It is missing.
    Missing {
        /// Remaining TTL.
        life: Duration,
        /// As in [`LookUp::Token`].
        token: Token,
    },
    /// The store has no entry. With this token, the relay's answer may be stored.
    Token(Token),
    /// The store could not be asked. The relay's answer is cached only in this process.
    Nothing,
}

/// The store's generation of a soul when the request began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    epoch: Arc<str>,
    slot: u16,
    generation: i64,
}

/// A shared store. Cheap to clone; its connection ends with the last clone or with [`SharedStore::close`].
#[derive(Clone)]
pub struct SharedStore {
    inner: Arc<Inner>,
    _owner: Arc<Owner>,
}

const CLOSED: &str = "the client was closed before all invalidations were confirmed";

/// Ends the driver when the last clone is dropped, after sending unconfirmed invalidations as [`SharedStore::close`] does.
struct Owner(Arc<Inner>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.begin_close(CLOSE_TIMEOUT);
    }
}

impl LookUp {
    /// The token, if the store was asked.
    pub fn token(self) -> Option<Token> {
        match self {
            LookUp::Missing { token, .. } | LookUp::Token(token) => Some(token),
            LookUp::Nothing => None,
        }
    }
}

impl SharedStore {
    /// Begins to connect, on `handle`; until it is connected, the store is off. `listener` is called on that runtime's threads.
    pub fn open(config: &StoreConfig, handle: &Handle, listener: Weak<dyn Listener>) -> SharedStore {
        let seed = RandomState::new().build_hasher().finish();
        let machine = Machine::new(Moment::ZERO, seed);
        let inner = Arc::new(Inner {
            keys: Keys::new(&config.namespace, config.url.database),
            config: config.clone(),
            origin: Arc::clone(machine.origin()),
            listener,
            base: Instant::now(),
            core: Mutex::new(Core {
                machine,
                io: Vec::new(),
                look_ups: Vec::new(),
                remembers: Vec::new(),
                closes_at: None,
                is_closed: false,
            }),
            lease: AtomicU64::new(0),
            wake: Notify::new(),
            progress: watch::Sender::new(()),
            is_silent: AtomicBool::new(false),
            is_starting: AtomicBool::new(true),
            handle: handle.clone(),
            hits: AtomicU64::new(0),
            errors: AtomicU64::new(0),
        });
        handle.spawn(driver::drive(Arc::clone(&inner)));
        SharedStore { _owner: Arc::new(Owner(Arc::clone(&inner))), inner }
    }

    /// What a call may use at `now`. One atomic load.
    pub fn trust(&self, now: Instant) -> Trust {
        match self.inner.lease.load(Relaxed) {
            0 => Trust::Own,
            until if micros(now.saturating_duration_since(self.inner.base)) < until => Trust::Everything,
            _ => Trust::Nothing,
        }
    }

    /// Whether [`SharedStore::trust`] is [`Trust::Everything`] now.
    pub fn may_trust(&self) -> bool {
        self.trust(Instant::now()) == Trust::Everything
    }

    /// Whether the first attempt to connect has not ended; see [`SharedStore::started`].
    pub fn has_to_start(&self) -> bool {
        self.inner.is_starting.load(Relaxed)
    }

    /// Waits at most [`START_TIMEOUT`] for the first attempt to connect, because the first calls after a restart come before the
    /// store is connected. Does not wait for later attempts.
    pub async fn started(&self) {
        let inner = &*self.inner;
        let started = inner.wait_for(|_| !inner.is_starting.load(Relaxed));
        if timeout(START_TIMEOUT, started).await.is_err() {
            inner.has_started();
        }
    }

    /// Asks the store about a soul, for at most [`LOOK_UP_TIMEOUT`]. Look-ups in one turn of the runtime share a round trip. While
    /// the store is off, or an invalidation of the soul has not reached it, returns [`LookUp::Nothing`] at once.
    pub async fn look_up(&self, soul: &str) -> LookUp {
        let inner = &*self.inner;
        let answered = {
            let mut core = inner.core();
            let can_ask = core.machine.epoch_for(soul).is_some() && core.look_ups.len() < MAX_LOOK_UPS;
            if !can_ask || inner.is_silent.load(Relaxed) {
                return LookUp::Nothing;
            }
            let (answer, answered) = oneshot::channel();
            core.look_ups.push(Asked { soul: soul.into(), answer });
            answered
        };
        inner.wake.notify_one();
        match timeout(LOOK_UP_TIMEOUT, answered).await {
            Ok(answer) => answer.unwrap_or(LookUp::Nothing),
            Err(_) => {
                // Further calls do not wait for a store that hangs; the next heartbeat will time out.
                inner.is_silent.store(true, Relaxed);
                inner.count_error();
                LookUp::Nothing
            }
        }
    }

    /// Sends an entry for a missing soul. The store refuses it if a soul in the same slot was invalidated since the token. Does
    /// not wait and is not repeated.
    pub fn remember(&self, soul: &str, token: Token, life: Duration) {
        let inner = &*self.inner;
        {
            let mut core = inner.core();
            let is_current = core.machine.epoch_for(soul).is_some_and(|epoch| *epoch == token.epoch);
            if !is_current || core.remembers.len() >= MAX_REMEMBERS || life < Duration::from_millis(1) {
                return;
            }
            core.remembers.push(Remember { soul: soul.into(), token, life });
        }
        inner.wake.notify_one();
    }

    /// Invalidates a soul for all processes. Returns at once. Until the store has confirmed it, it is sent again and the store is
    /// not asked about the soul. Call it before the soul is forgotten locally.
    pub fn invalidate(&self, soul: &str) {
        self.inner.core().machine.invalidate(soul);
        self.inner.wake.notify_one();
    }

    /// The same for every soul.
    pub fn invalidate_all(&self) {
        self.inner.core().machine.invalidate_all();
        self.inner.wake.notify_one();
    }

    /// Resolves when all invalidations so far have reached the store; fails if that is not confirmed within 2 s. In either case
    /// they are kept and sent.
    pub fn flushed(&self) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let inner = Arc::clone(&self.inner);
        let mark = inner.core().machine.mark();
        async move {
            let confirmed = inner.wait_for(|core| core.machine.is_confirmed(mark) || core.is_closed);
            let _ = timeout(FLUSH_TIMEOUT, confirmed).await;
            let core = inner.core();
            if core.machine.is_confirmed(mark) {
                return Ok(());
            }
            let message = match (core.is_closed, core.machine.last_failure()) {
                (true, _) => CLOSED.to_owned(),
                (false, None) => format!("invalidations are not confirmed after {} s", FLUSH_TIMEOUT.as_secs()),
                (false, Some(why)) => {
                    let time = FLUSH_TIMEOUT.as_secs();
                    format!("invalidations are not confirmed after {time} s ({why}); they are kept and sent again")
                }
            };
            Err(StoreError { store: inner.config.url.shown.to_string(), message })
        }
    }

    /// Calls `then` with the result of [`SharedStore::flushed`]: at once if it is already known, otherwise on the network thread.
    /// It is called even if that thread ends first.
    pub fn flushed_then(&self, then: impl FnOnce(Result<(), StoreError>) + Send + 'static) {
        let closed = StoreError { store: self.shown().to_owned(), message: CLOSED.to_owned() };
        let mut result = Settled { result: Err(closed), then: Some(then) };
        let flushed = self.flushed();
        {
            let core = self.inner.core();
            if core.is_closed && core.machine.is_flushed() {
                result.result = Ok(());
            }
            if core.is_closed {
                drop(core);
                return;
            }
        }
        self.inner.handle.spawn(async move {
            result.result = flushed.await;
            drop(result);
        });
    }

    /// The store as it may be shown: without credentials.
    pub fn shown(&self) -> &str {
        &self.inner.config.url.shown
    }

    /// Current counters.
    pub fn stats(&self) -> StoreStats {
        let hits = self.inner.hits.load(Relaxed);
        let connected = self.inner.lease.load(Relaxed) != 0;
        StoreStats { connected, loaded: hits, hits, errors: self.inner.errors.load(Relaxed) }
    }

    /// Sends unconfirmed invalidations, for at most 500 ms, and disconnects. Nothing is sent afterwards.
    pub fn close(&self) -> impl Future<Output = ()> + Send + use<> {
        let inner = Arc::clone(&self.inner);
        inner.begin_close(CLOSE_TIMEOUT);
        async move {
            // The driver may have ended with its runtime without closing the store.
            let closed = inner.wait_for(|core| core.is_closed);
            let _ = timeout(2 * CLOSE_TIMEOUT, closed).await;
        }
    }
}

impl std::fmt::Debug for SharedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SharedStore").field(&self.inner.config.url).finish()
    }
}
