//! The protocol as a state machine: events in, actions out, time given. It does no I/O; the model in `tests` plays it
//! against a faulty store in virtual time, and each of its rules was removed there to see a promise broken.

use super::pending::{Batch, Number, Pending};
use std::sync::Arc;
use std::time::Duration;

/// Time since some fixed moment of this process.
pub type Moment = Duration;

/// Time between two heartbeats.
pub const HEARTBEAT: Duration = Duration::from_millis(1_000);
/// How long an answer to anything but a connection may take.
pub const ANSWER_TIMEOUT: Duration = Duration::from_millis(1_000);
/// How long a connection may take to be ready: host name, TCP, TLS, login, scripts, subscription.
pub const OPEN_TIMEOUT: Duration = Duration::from_millis(2_000);
/// How long knowledge may be trusted after the moment at which the last good heartbeat was sent.
pub const LEASE: Duration = Duration::from_millis(2_000);
const MIN_BACKOFF: Duration = Duration::from_millis(50);
const MAX_BACKOFF: Duration = Duration::from_millis(1_000);

/// What happened. Those of a session carry its number: what an earlier one still says is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// Time has passed; see [`Machine::deadline`].
    Time,
    /// The connection is ready and subscribed.
    Opened,
    /// The answer to [`Action::Hello`].
    Hello {
        /// The store's epoch.
        epoch: Arc<str>,
        /// Its count of messages.
        n: u64,
    },
    /// The answer to [`Action::Beat`]: the count of messages, or `None` where the epoch is another one.
    Beat(Option<u64>),
    /// The answer to [`Action::Invalidate`] or [`Action::InvalidateAll`]: whether everything was carried out, or the epoch
    /// is another one.
    Invalidated(bool),
    /// A message: a soul was invalidated.
    Message {
        /// Its number.
        n: u64,
        /// Whose call it was.
        origin: &'a str,
        /// The soul.
        soul: &'a str,
    },
    /// A message: every soul was invalidated, and there is a new epoch.
    All {
        /// Whose call it was.
        origin: &'a str,
        /// The new epoch.
        epoch: &'a str,
    },
    /// A message that cannot be read.
    Unreadable,
    /// The session failed: an error, a disconnection. The text says why.
    Failed(String),
}

/// What is to be done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Open a connection for the session of this number.
    Open(u64),
    /// Close the connection and forget what is on its way.
    Close,
    /// Run the script HELLO.
    Hello {
        /// The epoch, if there must be a new one.
        nonce: String,
    },
    /// Run the script BEAT.
    Beat {
        /// The epoch.
        epoch: Arc<str>,
    },
    /// Run the script INVALIDATE for each soul.
    Invalidate {
        /// The epoch.
        epoch: Arc<str>,
        /// The souls.
        souls: Vec<Arc<str>>,
    },
    /// Run the script that begins a new epoch.
    InvalidateAll {
        /// The new epoch.
        nonce: String,
    },
    /// Forget the soul, detach its request.
    Forget(String),
    /// Forget every soul, detach every request.
    ForgetAll(Flush),
    /// From now on, knowledge may be trusted until this moment; `None`: the store is off.
    Trust(Option<Moment>),
    /// The store is lost; the text says why. Reported once for an outage, after the first attempt to reconnect has failed.
    Lost(String),
    /// The store is back after this time. Follows a [`Action::Lost`].
    Back(Duration),
}

impl Action {
    /// Whether it is for the connection; the others are for the client.
    pub fn is_io(&self) -> bool {
        use Action::{Beat, Close, Hello, Invalidate, InvalidateAll, Open};
        matches!(self, Open(_) | Close | Hello { .. } | Beat { .. } | Invalidate { .. } | InvalidateAll { .. })
    }
}

/// Why everything is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flush {
    /// A session began: messages were missed.
    Connected,
    /// Messages of the session were missed.
    Gap,
    /// Another process invalidated every soul.
    Invalidated,
}

/// A rule of the protocol that a test takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(test), allow(dead_code, reason = "only the model removes rules"))]
pub enum Rule {
    /// Unconfirmed invalidations are kept and their souls skip the store.
    Pending,
    /// Numbers of messages are checked.
    Sequence,
    /// Knowledge is trusted for the lease only.
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
    /// `seq`: that of the session at that moment.
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
    /// A store that is off and connects at the first event. `seed` is unique to this client: its identity and all nonces
    /// come from it.
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

    /// Who sends this client's messages.
    pub fn origin(&self) -> &Arc<str> {
        &self.origin
    }

    /// The epoch for look-ups of the soul and for REMEMBER; `None` where the store is off or must not be asked about it.
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

    /// Takes an invalidation of a soul. To be followed by [`Event::Time`], which sends it.
    pub fn invalidate(&mut self, soul: &str) {
        if self.has(Rule::Pending) || self.epoch().is_some() {
            self.pending.add(soul);
        }
    }

    /// Takes an invalidation of every soul. To be followed by [`Event::Time`], which sends it.
    pub fn invalidate_all(&mut self) {
        if self.has(Rule::Pending) || self.epoch().is_some() {
            self.pending.add_all();
        }
    }

    /// Whether no invalidation waits to be confirmed.
    pub fn is_flushed(&self) -> bool {
        self.pending.is_empty()
    }

    /// Why the last session ended.
    pub fn last_failure(&self) -> Option<&str> {
        self.last_failure.as_deref()
    }

    /// Ends for good.
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

    /// Takes an event of the session of this number.
    pub fn handle(&mut self, now: Moment, session: u64, event: Event<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        if event != Event::Time && session != self.session {
            return actions;
        }
        match event {
            Event::Time => {}
            Event::Opened => {
                if matches!(self.state, State::Opening { .. }) {
                    self.state = State::Greeting { sent: now, seen: None };
                    actions.push(Action::Hello { nonce: nonce(&mut self.random) });
                }
            }
            Event::Hello { epoch, n } => self.greeted(now, epoch, n, &mut actions),
            Event::Beat(n) => self.beat(now, n, &mut actions),
            Event::Invalidated(done) => self.invalidated(now, done, &mut actions),
            Event::Message { n, origin, soul } => self.message(n, origin, soul, &mut actions),
            Event::All { origin, epoch } => {
                if let State::On(on) = &mut self.state {
                    on.epoch = epoch.into();
                    on.seq = 0;
                    if *origin != *self.origin {
                        actions.push(Action::ForgetAll(Flush::Invalidated));
                    }
                }
            }
            Event::Unreadable => {
                if matches!(self.state, State::On(_)) {
                    actions.push(Action::ForgetAll(Flush::Gap));
                }
            }
            Event::Failed(why) => self.fail(now, why, &mut actions),
        }
        self.pass(now, &mut actions);
        actions
    }

    /// HELLO was answered: the session begins.
    fn greeted(&mut self, now: Moment, epoch: Arc<str>, n: u64, actions: &mut Vec<Action>) {
        let State::Greeting { sent, seen } = self.state else { return };
        // A message that the store sent after its answer may be handled before it.
        let seq = seen.map_or(n, |seen| seen.max(n));
        let batch = self.send_pending(now, &epoch, actions);
        self.state = State::On(On { epoch, seq, beat: Beat::Due(sent + HEARTBEAT), batch });
        actions.push(Action::ForgetAll(Flush::Connected));
        actions.push(Action::Trust(Some(self.lease(sent))));
        let outage = self.outage.take().filter(|outage| outage.is_reported);
        actions.extend(outage.map(|outage| Action::Back(now.saturating_sub(outage.since))));
    }

    fn beat(&mut self, now: Moment, n: Option<u64>, actions: &mut Vec<Action>) {
        let checks = self.has(Rule::Sequence);
        let State::On(on) = &mut self.state else { return };
        let Beat::Sent { at, seq, epoch } = &on.beat else { return };
        let (at, seq) = (*at, *seq);
        let Some(n) = n else {
            if *epoch == on.epoch {
                return self.fail(now, "its data is gone".to_owned(), actions);
            }
            // A message brought the new epoch while the heartbeat with the old one was on its way.
            on.beat = Beat::Due(now);
            return;
        };
        // Messages that the store sent after its answer may be handled before it: every number up to the session's was
        // checked as it came.
        if checks && !(seq..=on.seq).contains(&n) {
            on.seq = n;
            actions.push(Action::ForgetAll(Flush::Gap));
        }
        on.beat = Beat::Due(at + HEARTBEAT);
        self.attempts = 0;
        actions.push(Action::Trust(Some(self.lease(at))));
    }

    fn invalidated(&mut self, now: Moment, is_done: bool, actions: &mut Vec<Action>) {
        let State::On(on) = &mut self.state else { return };
        let Some(sent) = on.batch.take() else { return };
        if is_done {
            self.pending.confirm(&sent.batch);
        } else if sent.epoch == on.epoch {
            self.fail(now, "its data is gone".to_owned(), actions);
        } else {
            self.pending.requeue();
        }
    }

    fn message(&mut self, n: u64, origin: &str, soul: &str, actions: &mut Vec<Action>) {
        let checks = self.has(Rule::Sequence);
        match &mut self.state {
            State::Greeting { seen, .. } => *seen = Some(n),
            State::On(on) => {
                let is_next = n == on.seq + 1 || !checks;
                on.seq = n;
                if !is_next {
                    actions.push(Action::ForgetAll(Flush::Gap));
                } else if *origin != *self.origin {
                    actions.push(Action::Forget(soul.to_owned()));
                }
            }
            State::Off { .. } | State::Opening { .. } | State::Closed => {}
        }
    }

    /// What is due by now.
    fn pass(&mut self, now: Moment, actions: &mut Vec<Action>) {
        match &mut self.state {
            State::Off { retry_at } if *retry_at <= now => {
                self.session += 1;
                self.state = State::Opening { since: now };
                actions.push(Action::Open(self.session));
            }
            State::Opening { since } if *since + OPEN_TIMEOUT <= now => {
                self.fail(now, format!("no connection within {} s", OPEN_TIMEOUT.as_secs()), actions);
            }
            State::Greeting { sent, .. } if *sent + ANSWER_TIMEOUT <= now => self.time_out(now, actions),
            State::On(on) => {
                let is_late = |at: Moment| at + ANSWER_TIMEOUT <= now;
                match on.beat {
                    Beat::Sent { at, .. } if is_late(at) => return self.time_out(now, actions),
                    Beat::Due(at) if at <= now => {
                        let epoch = Arc::clone(&on.epoch);
                        on.beat = Beat::Sent { at: now, seq: on.seq, epoch: Arc::clone(&epoch) };
                        actions.push(Action::Beat { epoch });
                    }
                    _ => {}
                }
                match &on.batch {
                    Some(sent) if is_late(sent.at) => self.time_out(now, actions),
                    Some(_) => {}
                    None => {
                        let epoch = Arc::clone(&on.epoch);
                        let batch = self.send_pending(now, &epoch, actions);
                        if let State::On(on) = &mut self.state {
                            on.batch = batch;
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn send_pending(&mut self, at: Moment, epoch: &Arc<str>, actions: &mut Vec<Action>) -> Option<Sent> {
        let batch = self.pending.take()?;
        actions.push(match &batch {
            Batch::All(_) => Action::InvalidateAll { nonce: nonce(&mut self.random) },
            Batch::Souls(souls) => {
                let souls = souls.iter().map(|(soul, _)| Arc::clone(soul)).collect();
                Action::Invalidate { epoch: Arc::clone(epoch), souls }
            }
        });
        Some(Sent { at, epoch: Arc::clone(epoch), batch })
    }

    fn time_out(&mut self, now: Moment, actions: &mut Vec<Action>) {
        self.fail(now, format!("no answer within {} s", ANSWER_TIMEOUT.as_secs()), actions);
    }

    /// Ends the session.
    fn fail(&mut self, now: Moment, why: String, actions: &mut Vec<Action>) {
        if matches!(self.state, State::Off { .. } | State::Closed) {
            return;
        }
        let was_on = self.epoch().is_some();
        let most = MIN_BACKOFF.saturating_mul(2u32.saturating_pow(self.attempts + 1)).min(MAX_BACKOFF);
        let backoff = MIN_BACKOFF + (most - MIN_BACKOFF).mul_f64(self.random.f64());
        self.attempts += 1;
        self.state = State::Off { retry_at: now + backoff };
        self.pending.requeue();
        self.last_failure = Some(why.clone());
        actions.push(Action::Close);
        actions.push(Action::Trust(None));
        let outage = self.outage.get_or_insert(Outage { since: now, is_reported: false });
        if !was_on && !outage.is_reported {
            outage.is_reported = true;
            actions.push(Action::Lost(why));
        }
    }

    fn lease(&self, sent: Moment) -> Moment {
        if self.has(Rule::Lease) { sent + LEASE } else { Moment::MAX }
    }
}

/// 128 bits that no other call gives.
fn nonce(random: &mut fastrand::Rng) -> String {
    format!("{:032x}", random.u128(..))
}
