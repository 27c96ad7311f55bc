//! The retry policy: a pure function, without sleeping.

use crate::error::Fault;
use std::time::Duration;

/// Number of attempts and delays between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts after the first.
    pub retries: u32,
    /// Upper bound of the first delay; it doubles with each attempt.
    pub base: Duration,
    /// Upper bound of every delay.
    pub max: Duration,
}

impl RetryPolicy {
    /// The delay before the next attempt, or `None` if there is none.
    ///
    /// * `attempts`: attempts so far, including the failed one (at least 1).
    /// * `retry_after`: the relay's `Retry-After`; the call waits for all of it or fails at once.
    /// * `remaining`: the call's remaining time. A delay that would use it up is not started.
    /// * `jitter`: from 0 to 1. Full jitter spreads callers best (AWS, "Exponential Backoff And Jitter").
    pub fn next_delay(
        &self,
        fault: &Fault,
        attempts: u32,
        retry_after: Option<Duration>,
        remaining: Duration,
        jitter: f64,
    ) -> Option<Duration> {
        if !fault.is_transient() || attempts > self.retries {
            return None;
        }
        let ceiling = self.base.saturating_mul(2u32.saturating_pow(attempts - 1)).min(self.max);
        let delay = ceiling.mul_f64(jitter).max(retry_after.unwrap_or_default());
        (delay < remaining).then_some(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy =
        RetryPolicy { retries: 2, base: Duration::from_millis(200), max: Duration::from_millis(5_000) };
    const PLENTY: Duration = Duration::from_secs(45);
    const DOWN: Fault = Fault::Status(503);

    #[test]
    fn delays_double_up_to_the_maximum_and_jitter_takes_any_part_of_them() {
        let patient = RetryPolicy { retries: 100, ..POLICY };
        let full: Vec<u128> = (1..=7)
            .map(|attempts| patient.next_delay(&DOWN, attempts, None, PLENTY, 1.0))
            .map(|delay| delay.expect("retries are left").as_millis())
            .collect();
        assert_eq!(full, [200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        assert_eq!(patient.next_delay(&DOWN, 100, None, PLENTY, 0.5), Some(Duration::from_millis(2_500)));
        assert_eq!(POLICY.next_delay(&DOWN, 1, None, PLENTY, 0.0), Some(Duration::ZERO));
    }

    #[test]
    fn two_retries_make_three_attempts() {
        assert!(POLICY.next_delay(&DOWN, 2, None, PLENTY, 0.5).is_some());
        assert!(POLICY.next_delay(&DOWN, 3, None, PLENTY, 0.5).is_none());
    }

    #[test]
    fn what_is_not_transient_is_never_tried_again() {
        for fault in [Fault::Status(404), Fault::Status(400), Fault::Closed, Fault::BodyTooLarge { limit: 1 }] {
            assert_eq!(POLICY.next_delay(&fault, 1, None, PLENTY, 0.5), None);
        }
    }

    #[test]
    fn retry_after_is_waited_for_in_full_where_it_fits_and_fails_the_call_where_it_does_not() {
        let asked = Some(Duration::from_secs(3));
        assert_eq!(POLICY.next_delay(&DOWN, 1, asked, PLENTY, 1.0), asked);
        let short = Duration::from_secs(3);
        assert_eq!(POLICY.next_delay(&DOWN, 1, asked, short, 1.0), None);
    }

    #[test]
    fn no_number_of_attempts_overflows_the_delay() {
        let endless = RetryPolicy { retries: u32::MAX, base: Duration::MAX, max: Duration::from_secs(5) };
        assert_eq!(endless.next_delay(&DOWN, u32::MAX, None, PLENTY, 1.0), Some(Duration::from_secs(5)));
    }
}
