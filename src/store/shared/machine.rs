//! The protocol as a state machine: events in, actions out, time passed in. It does no I/O. The model in `tests` runs it
//! against a faulty store in virtual time, and checks that without any of its rules a promise is broken.

mod events;
mod transitions;

use super::pending::{Batch, Number, Pending};
pub use events::{Action, Event, Flush};
use std::sync::Arc;
use std::time::Duration;

/// Time since a fixed moment of this process.
pub type Moment = Duration;

/// Time between two heartbeats.
pub const HEARTBEAT: Duration = Duration::from_millis(1_000);
/// Time limit of an answer to a command.
pub const ANSWER_TIMEOUT: Duration = Duration::from_millis(1_000);
/// Time limit for a connection to be ready: host name, TCP, TLS, login, scripts, subscription.
pub const OPEN_TIMEOUT: Duration = Duration::from_millis(2_000);
/// How long entries may be trusted after the last answered heartbeat was sent.
pub const LEASE: Duration = Duration::from_millis(2_000);
const MIN_BACKOFF: Duration = Duration::from_millis(50);
const MAX_BACKOFF: Duration = Duration::from_millis(1_000);

/// A rule of the protocol that a test can remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(test), allow(dead_code, reason = "only the model removes rules"))]
pub enum Rule {
    /// Unconfirmed invalidations are kept and their souls skip the store.
    Pending,
    /// Message numbers are checked.
    Sequence,
    /// Entries are trusted only during the lease.
    Lease,
}

/// One store, as one client sees it.
#[derive(Debug)]
pub struct Machine {
    origin: Arc<str>,
    random: fastrand::Rng,
    session: u64,
    state: State,
    pending: Pending,
    /// Attempts since the last good heartbeat.
    attempts: u32,
    outage: Option<Outage>,
    last_failure: Option<String>,
    #[cfg(test)]
    removed: Option<Rule>,
}

#[derive(Debug)]
enum State {
    Off {
        retry_at: Moment,
    },
    Opening {
        since: Moment,
    },
    /// `seen`: the last message since the subscription.
    Greeting {
        sent: Moment,
        seen: Option<u64>,
    },
    On(On),
    Closed,
}

#[derive(Debug)]
struct On {
    epoch: Arc<str>,
    /// The number of the last message.
    seq: u64,
    beat: Beat,
    batch: Option<Sent>,
}

#[derive(Debug)]
enum Beat {
    Due(Moment),
    /// `seq`: the session's number of the last message at that moment.
    Sent {
        at: Moment,
        seq: u64,
        epoch: Arc<str>,
    },
}

#[derive(Debug)]
struct Sent {
    at: Moment,
    epoch: Arc<str>,
    batch: Batch,
}

#[derive(Debug)]
struct Outage {
    since: Moment,
    is_reported: bool,
}

impl Machine {
    /// A store that is off and connects at the first event. `seed` must be unique to this client: its identity and all nonces
    /// are derived from it.
    pub fn new(now: Moment, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        Self {
            origin: nonce(&mut random).into(),
            random,
            session: 0,
            state: State::Off { retry_at: now },
            pending: Pending::default(),
            attempts: 0,
            outage: Some(Outage { since: now, is_reported: false }),
            last_failure: None,
            #[cfg(test)]
            removed: None,
        }
    }

    /// The same without one of the protocol's rules.
    #[cfg(test)]
    pub fn without(mut self, rule: Option<Rule>) -> Self {
        self.removed = rule;
        self
    }

    fn has(&self, rule: Rule) -> bool {
        #[cfg(test)]
        let has = self.removed != Some(rule);
        #[cfg(not(test))]
        let has = {
            let _ = rule;
            true
        };
        has
    }

    /// The identity of this client in messages.
    pub fn origin(&self) -> &Arc<str> {
        &self.origin
    }

    /// The epoch for look-ups of the soul and for REMEMBER; `None` if the store is off or must not be asked about it.
    pub fn epoch_for(&self, soul: &str) -> Option<&Arc<str>> {
        match &self.state {
            State::On(on) if !(self.has(Rule::Pending) && self.pending.holds(soul)) => Some(&on.epoch),
            _ => None,
        }
    }

    /// The epoch while the store is on.
    pub fn epoch(&self) -> Option<&Arc<str>> {
        match &self.state {
            State::On(on) => Some(&on.epoch),
            _ => None,
        }
    }

    /// Invalidations so far; see [`Machine::is_confirmed`].
    pub fn mark(&self) -> Number {
        self.pending.mark()
    }

    /// Whether all invalidations before the mark have reached the store.
    pub fn is_confirmed(&self, mark: Number) -> bool {
        self.pending.is_confirmed(mark)
    }

    /// Adds an invalidation of a soul; a following [`Event::Time`] sends it.
    pub fn invalidate(&mut self, soul: &str) {
        if self.has(Rule::Pending) || self.epoch().is_some() {
            self.pending.add(soul);
        }
    }

    /// Adds an invalidation of every soul; a following [`Event::Time`] sends it.
    pub fn invalidate_all(&mut self) {
        if self.has(Rule::Pending) || self.epoch().is_some() {
            self.pending.add_all();
        }
    }

    /// Whether every invalidation is confirmed.
    pub fn is_flushed(&self) -> bool {
        self.pending.is_empty()
    }

    /// Why the last session ended.
    pub fn last_failure(&self) -> Option<&str> {
        self.last_failure.as_deref()
    }

    /// Ends the machine for good.
    pub fn close(&mut self) -> Vec<Action> {
        self.state = State::Closed;
        vec![Action::Close, Action::Trust(None)]
    }

    /// When [`Event::Time`] is due at the latest.
    pub fn deadline(&self) -> Option<Moment> {
        match &self.state {
            State::Off { retry_at } => Some(*retry_at),
            State::Opening { since } => Some(*since + OPEN_TIMEOUT),
            State::Greeting { sent, .. } => Some(*sent + ANSWER_TIMEOUT),
            State::On(on) => {
                let beat = match on.beat {
                    Beat::Due(at) => at,
                    Beat::Sent { at, .. } => at + ANSWER_TIMEOUT,
                };
                Some(on.batch.as_ref().map_or(beat, |sent| beat.min(sent.at + ANSWER_TIMEOUT)))
            }
            State::Closed => None,
        }
    }
}

/// 128 random bits.
fn nonce(random: &mut fastrand::Rng) -> String {
    format!("{:032x}", random.u128(..))
}
