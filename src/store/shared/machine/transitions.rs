//! State transitions.

use super::{
    ANSWER_TIMEOUT, Action, Batch, Beat, Event, Flush, HEARTBEAT, LEASE, MAX_BACKOFF, MIN_BACKOFF, Machine, Moment,
};
use super::{OPEN_TIMEOUT, On, Outage, Rule, Sent, State, nonce};
use std::sync::Arc;

impl Machine {
    /// Handles an event of the session with this number.
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
            // A message brought the new epoch while the heartbeat with the old one was in flight.
            on.beat = Beat::Due(now);
            return;
        };
        // Messages that the store sent after its answer may be handled before it. Every number up to the session's was
        // checked when it arrived.
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

    /// Does what is due at `now`.
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
