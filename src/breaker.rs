//! The circuit breaker: while a relay only fails, calls fail at once, except for periodic probes.
//!
//! It has two states. *Closed*: requests are sent, and consecutive failures are counted. *Open*: one request per interval
//! is sent as a probe; it may belong to any call. Any proper answer closes the circuit. Nothing waits for a probe: if it
//! hangs or its callers leave, the next one is sent at its time all the same.

use crate::error::{Code, Fault};
use crate::lock::lock;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

/// Concurrent requests that fail within this time after the first one count as one observation.
const ONE_MOMENT: Duration = Duration::from_millis(10);

/// When the circuit opens, and how often a probe is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Consecutive failures.
    pub failures: u64,
    /// Minimum duration of the failure streak.
    pub after: Duration,
    /// Time between two probes.
    pub probe_every: Duration,
}

/// One relay's circuit.
#[derive(Debug)]
pub struct Breaker {
    policy: Option<BreakerPolicy>,
    state: Mutex<State>,
    on_open: Notify,
}

#[derive(Debug)]
struct State {
    /// When the circuit last opened or closed.
    changed: Instant,
    /// When the last proper answer arrived.
    answered: Instant,
    failures: Option<Failures>,
    /// When the next probe may be sent; `None` while the circuit is closed.
    next_probe: Option<Instant>,
}

/// Failures since the last proper answer.
#[derive(Debug)]
struct Failures {
    /// Observations.
    count: u64,
    /// When the streak began.
    since: Instant,
    /// When the current observation began and when its last failure was seen.
    moment: (Instant, Instant),
    last: Arc<Fault>,
}

/// Effect of a failure on the circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It is closed.
    Closed,
    /// It has opened.
    Opened {
        /// How long the relay had failed.
        lasted: Duration,
    },
    /// It was already open.
    Open,
}

/// `cacheStats().breaker`, with the last failure as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circuit {
    /// Whether it is open.
    pub is_open: bool,
    /// Since when it is in this state.
    pub since: Instant,
    /// What the relay failed with since its last proper answer.
    pub last: Option<Arc<Fault>>,
}

impl Breaker {
    /// A closed circuit. Without a policy it never opens.
    pub fn new(policy: Option<BreakerPolicy>, now: Instant) -> Self {
        let state = State { changed: now, answered: now, failures: None, next_probe: None };
        Self { policy, state: Mutex::new(state), on_open: Notify::new() }
    }

    /// Whether a request may be sent now. Only one that has a permit can be the probe.
    ///
    /// # Errors
    /// [`Fault::CircuitOpen`] if it may not.
    pub fn pass(&self, has_permit: bool, now: Instant) -> Result<(), Fault> {
        let mut state = self.lock();
        let (Some(policy), Some(next_probe)) = (self.policy, state.next_probe) else {
            return Ok(());
        };
        if has_permit && next_probe <= now {
            state.next_probe = Some(now + policy.probe_every);
            return Ok(());
        }
        // An open circuit has failures.
        let Some(Failures { since, last, .. }) = &state.failures else { return Ok(()) };
        Err(Fault::CircuitOpen { failing_for: now.saturating_duration_since(*since), last: Arc::clone(last) })
    }

    /// Done when the circuit opens.
    pub fn opened(&self) -> Notified<'_> {
        self.on_open.notified()
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.lock().next_probe.is_some()
    }

    /// Its state, for statistics.
    pub fn circuit(&self) -> Circuit {
        let state = self.lock();
        let last = state.failures.as_ref().map(|failures| Arc::clone(&failures.last));
        Circuit { is_open: state.next_probe.is_some(), since: state.changed, last }
    }

    /// The relay gave a proper answer. If that closes the circuit, returns how long the relay had failed.
    pub fn answered(&self, now: Instant) -> Option<Duration> {
        let mut state = self.lock();
        state.answered = now;
        let failures = state.failures.take()?;
        state.next_probe.take()?;
        state.changed = now;
        Some(now.saturating_duration_since(failures.since))
    }

    /// A request that began at `began` has failed with a transient fault.
    pub fn failed(&self, fault: &Fault, began: Instant, now: Instant) -> Health {
        let Some(policy) = self.policy else { return Health::Closed };
        let mut guard = self.lock();
        let state = &mut *guard;
        if state.next_probe.is_none() && began < state.answered {
            // The relay has answered since: requests that hung in an outage may end after it.
            return Health::Closed;
        }
        // A request that timed out means silence since it began; a refusal is only about its own moment.
        let since = if fault.code() == Code::Timeout { began } else { now };
        let failures = state.failures.get_or_insert_with(|| Failures {
            count: 0,
            since,
            moment: (now, now),
            last: Arc::new(fault.clone()),
        });
        failures.last = Arc::new(fault.clone());
        if state.next_probe.is_some() {
            return Health::Open;
        }
        // Concurrent requests that end together have one cause: a paused process, a dead address, a restart.
        let (first, last) = failures.moment;
        if failures.count == 0 || began >= last || now.saturating_duration_since(first) >= ONE_MOMENT {
            failures.count += 1;
            failures.moment = (now, now);
        } else {
            failures.moment.1 = now;
        }
        let lasted = now.saturating_duration_since(failures.since);
        if failures.count < policy.failures || lasted < policy.after {
            return Health::Closed;
        }
        state.next_probe = Some(now + policy.probe_every);
        state.changed = now;
        drop(guard);
        self.on_open.notify_waiters();
        Health::Opened { lasted }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
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
        let opens: Vec<Health> = (0..=4)
            .map(|quarter| start + secs(f64::from(quarter) / 4.0))
            .map(|at| breaker.failed(&DOWN, at, at))
            .collect();
        let closed = Health::Closed;
        assert_eq!(opens, [closed, closed, closed, closed, Health::Opened { lasted: secs(1.0) }]);
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
        assert!((0..1_000).all(|_| breaker.failed(&DOWN, now, now) == Health::Closed));
        assert_eq!(breaker.pass(true, now), Ok(()));
    }

    #[test]
    fn requests_side_by_side_that_fail_together_are_one_observation_and_one_after_another_are_many() {
        let start = Instant::now();
        let paused = Breaker::new(Some(POLICY), start);
        for n in 0..300 {
            let end = start + secs(3.0) + Duration::from_micros(30 * n);
            assert_eq!(paused.failed(&Fault::Timeout, start + Duration::from_micros(n), end), Health::Closed);
        }
        let serial = Breaker::new(Some(BreakerPolicy { after: Duration::ZERO, ..POLICY }), start);
        let moments = (0..5).map(|n| start + Duration::from_micros(n));
        let last = moments.map(|at| serial.failed(&DOWN, at, at)).last();
        assert!(matches!(last, Some(Health::Opened { .. })));
    }

    #[test]
    fn its_state_says_since_when_and_why() {
        let start = Instant::now();
        let breaker = open(start);
        let circuit = breaker.circuit();
        assert_eq!(circuit, Circuit { is_open: true, since: start + secs(1.0), last: Some(Arc::new(DOWN)) });
        breaker.answered(start + secs(9.0));
        assert_eq!(breaker.circuit(), Circuit { is_open: false, since: start + secs(9.0), last: None });
    }

    #[test]
    fn the_time_that_a_relay_keeps_requests_waiting_counts() {
        let start = Instant::now();
        let breaker = Breaker::new(Some(POLICY), start);
        let opens = (0..5).map(|n| breaker.failed(&Fault::Timeout, start, start + secs(20.0 + f64::from(n) / 10.0)));
        assert_eq!(opens.last(), Some(Health::Opened { lasted: secs(20.4) }));
    }

    #[test]
    fn a_proper_answer_ends_the_run() {
        let start = Instant::now();
        let breaker = Breaker::new(Some(POLICY), start);
        for _ in 0..100 {
            for n in 0..4 {
                let health = breaker.failed(&Fault::Timeout, start, start + secs(20.0 + f64::from(n)));
                assert_eq!(health, Health::Closed);
            }
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
    fn only_a_request_with_a_permit_is_a_probe() {
        let start = Instant::now();
        let breaker = open(start);
        assert!(breaker.pass(false, start + secs(2.0)).is_err());
        assert!(breaker.pass(true, start + secs(2.0)).is_ok());
    }

    #[test]
    fn a_failed_probe_leaves_it_open_with_the_fault_of_the_probe() {
        let start = Instant::now();
        let breaker = open(start);
        assert_eq!(breaker.failed(&Fault::Timeout, start, start + secs(2.0)), Health::Open);
        let barred = breaker.pass(false, start + secs(2.0));
        assert_eq!(barred, Err(Fault::CircuitOpen { failing_for: secs(2.0), last: Arc::new(Fault::Timeout) }));
    }

    #[test]
    fn a_proper_answer_closes_it_and_the_count_starts_anew() {
        let start = Instant::now();
        let breaker = open(start);
        let back = start + secs(2.0);
        assert_eq!(breaker.answered(back), Some(secs(2.0)));
        assert_eq!((breaker.answered(back), breaker.pass(false, back)), (None, Ok(())));
        let fails = |n| breaker.failed(&Fault::Timeout, back, back + secs(20.0 + f64::from(n)));
        assert!((0..4).all(|n| fails(n) == Health::Closed));
        assert_eq!(fails(4), Health::Opened { lasted: secs(24.0) });
    }

    #[test]
    fn what_hung_in_an_outage_and_ends_after_it_does_not_open_it_again() {
        let start = Instant::now();
        let breaker = open(start);
        breaker.answered(start + secs(2.0));
        let fails = || breaker.failed(&Fault::Timeout, start + secs(1.0), start + secs(20.0));
        assert!((0..100).all(|_| fails() == Health::Closed));
        assert_eq!(breaker.pass(false, start + secs(20.0)), Ok(()));
    }

    #[test]
    fn without_a_policy_it_never_opens() {
        let start = Instant::now();
        let breaker = Breaker::new(None, start);
        let fails = |n| breaker.failed(&Fault::Timeout, start, start + secs(60.0 + f64::from(n)));
        assert!((0..1_000).all(|n| fails(n) == Health::Closed));
        assert_eq!(breaker.pass(true, start), Ok(()));
    }
}
