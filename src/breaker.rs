//! The circuit breaker: a relay that only fails is left alone but for a probe now and then, and calls fail at once.
//!
//! It has two states. *Closed*, requests go and failures in a row are counted. *Open*, one request goes every so often:
//! it is the probe, whichever call it belongs to. Any proper answer closes the circuit. A probe is not waited for: one
//! that hangs, or whose callers leave, holds nobody up, and the next one goes in its time.

use crate::error::Fault;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

/// When the circuit opens, and how often it is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Transient failures in a row.
    pub failures: u64,
    /// How long they must have lasted: a moment's failures, as of a restart, are not yet an outage.
    pub after: Duration,
    /// Time between two probes.
    pub probe_every: Duration,
}

/// The circuit to one relay.
#[derive(Debug)]
pub struct Breaker {
    policy: Option<BreakerPolicy>,
    state: Mutex<State>,
    on_open: Notify,
}

#[derive(Debug)]
enum State {
    Closed {
        /// Failures since the last proper answer.
        failures: u64,
        /// When the first of them began.
        since: Instant,
        /// When the last proper answer came.
        answered: Instant,
    },
    Open {
        since: Instant,
        last: Arc<Fault>,
        next_probe: Instant,
    },
}

impl Breaker {
    /// A closed circuit; one that never opens without a policy.
    pub fn new(policy: Option<BreakerPolicy>, now: Instant) -> Self {
        let state = Mutex::new(State::Closed { failures: 0, since: now, answered: now });
        Self { policy, state, on_open: Notify::new() }
    }

    /// Asks whether a request may go; the fault of its call where it may not. `has_permit` says whether it could go at
    /// once: a probe does not queue.
    pub fn pass(&self, has_permit: bool, now: Instant) -> Result<(), Fault> {
        match (&mut *self.lock(), self.policy) {
            (State::Open { next_probe, .. }, Some(policy)) if has_permit && *next_probe <= now => {
                *next_probe = now + policy.probe_every;
                Ok(())
            }
            (State::Open { since, last, .. }, _) => {
                let failing_for = now.saturating_duration_since(*since);
                Err(Fault::CircuitOpen { failing_for, last: Arc::clone(last) })
            }
            (State::Closed { .. }, _) => Ok(()),
        }
    }

    /// Done when the circuit opens, counted from this call on.
    pub fn opened(&self) -> Notified<'_> {
        self.on_open.notified()
    }

    /// The relay gave a proper answer, whatever it says.
    pub fn answered(&self, now: Instant) {
        *self.lock() = State::Closed { failures: 0, since: now, answered: now };
    }

    /// An attempt that began at `began` failed by a transient fault; whether the circuit is open now.
    pub fn failed(&self, fault: &Fault, began: Instant, now: Instant) -> bool {
        let Some(policy) = self.policy else { return false };
        let mut state = self.lock();
        match &mut *state {
            State::Open { last, .. } => *last = Arc::new(fault.clone()),
            // What began before the relay was well says nothing about it now: requests that hung in an outage end after it.
            State::Closed { answered, .. } if began < *answered => return false,
            State::Closed { failures, since, .. } => {
                if *failures == 0 {
                    // A relay was silent all the time that it kept a request waiting; a refusal speaks of its moment.
                    *since = if *fault == Fault::Timeout { began } else { now };
                }
                *failures += 1;
                let lasted = now.saturating_duration_since(*since);
                if *failures < policy.failures || lasted < policy.after {
                    return false;
                }
                let next_probe = now + policy.probe_every;
                *state = State::Open { since: *since, last: Arc::new(fault.clone()), next_probe };
                drop(state);
                self.on_open.notify_waiters();
            }
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change of the state is one assignment, so it is whole whatever panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: BreakerPolicy =
        BreakerPolicy { failures: 5, after: Duration::from_secs(1), probe_every: Duration::from_secs(1) };
    const DOWN: Fault = Fault::Status(503);

    fn secs(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// A circuit that opened at `start + 1 s`.
    fn open(start: Instant) -> Breaker {
        let breaker = Breaker::new(Some(POLICY), start);
        let opens: Vec<bool> = (0..=4)
            .map(|quarter| start + secs(f64::from(quarter) / 4.0))
            .map(|at| breaker.failed(&DOWN, at, at))
            .collect();
        assert_eq!(opens, [false, false, false, false, true]);
        breaker
    }

    #[test]
    fn a_run_of_failures_opens_it_and_the_fault_says_for_how_long_and_why() {
        let start = Instant::now();
        let barred = open(start).pass(true, start + secs(1.5));
        assert_eq!(barred, Err(Fault::CircuitOpen { failing_for: secs(1.5), last: Arc::new(DOWN) }));
    }

    #[test]
    fn any_number_of_failures_in_one_moment_does_not_open_it() {
        let now = Instant::now();
        let breaker = Breaker::new(Some(POLICY), now);
        assert!((0..1_000).all(|_| !breaker.failed(&DOWN, now, now)));
        assert_eq!(breaker.pass(true, now), Ok(()));
    }

    #[test]
    fn the_time_that_a_relay_keeps_requests_waiting_counts() {
        let start = Instant::now();
        let breaker = Breaker::new(Some(POLICY), start);
        let silent = start + secs(20.0);
        let opens: Vec<bool> = (0..5).map(|_| breaker.failed(&Fault::Timeout, start, silent)).collect();
        assert_eq!(opens, [false, false, false, false, true]);
    }

    #[test]
    fn a_proper_answer_ends_the_run() {
        let start = Instant::now();
        let breaker = Breaker::new(Some(POLICY), start);
        for _ in 0..100 {
            (0..4).for_each(|_| assert!(!breaker.failed(&Fault::Timeout, start, start + secs(20.0))));
            breaker.answered(start);
        }
        assert_eq!(breaker.pass(true, start), Ok(()));
    }

    #[test]
    fn one_probe_goes_in_its_time_whatever_becomes_of_the_one_before() {
        let start = Instant::now();
        let breaker = open(start);
        let passes = |seconds| breaker.pass(true, start + secs(seconds)).is_ok();
        assert_eq!([1.9, 2.0, 2.0, 2.9, 3.0, 3.1, 60.0].map(passes), [false, true, false, false, true, false, true]);
    }

    #[test]
    fn a_probe_without_a_place_on_the_wire_is_no_probe() {
        let start = Instant::now();
        let breaker = open(start);
        assert!(breaker.pass(false, start + secs(2.0)).is_err());
        assert!(breaker.pass(true, start + secs(2.0)).is_ok());
    }

    #[test]
    fn a_failed_probe_leaves_it_open_with_the_fault_of_the_probe() {
        let start = Instant::now();
        let breaker = open(start);
        assert!(breaker.failed(&Fault::Timeout, start, start + secs(2.0)));
        let barred = breaker.pass(false, start + secs(2.0));
        assert_eq!(barred, Err(Fault::CircuitOpen { failing_for: secs(2.0), last: Arc::new(Fault::Timeout) }));
    }

    #[test]
    fn a_proper_answer_closes_it_and_the_count_starts_anew() {
        let start = Instant::now();
        let breaker = open(start);
        let back = start + secs(2.0);
        breaker.answered(back);
        assert_eq!(breaker.pass(false, back), Ok(()));
        let later = back + secs(20.0);
        assert!((0..4).all(|_| !breaker.failed(&Fault::Timeout, back, later)));
        assert!(breaker.failed(&Fault::Timeout, back, later));
    }

    #[test]
    fn what_hung_in_an_outage_and_ends_after_it_does_not_open_it_again() {
        let start = Instant::now();
        let breaker = open(start);
        breaker.answered(start + secs(2.0));
        assert!((0..100).all(|_| !breaker.failed(&Fault::Timeout, start + secs(1.0), start + secs(20.0))));
        assert_eq!(breaker.pass(false, start + secs(20.0)), Ok(()));
    }

    #[test]
    fn without_a_policy_it_never_opens() {
        let start = Instant::now();
        let breaker = Breaker::new(None, start);
        assert!((0..1_000).all(|_| !breaker.failed(&Fault::Timeout, start, start + secs(60.0))));
        assert_eq!(breaker.pass(true, start), Ok(()));
    }
}
