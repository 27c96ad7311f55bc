//! The retry budget: a token bucket that bounds what retries add to the load of a failing relay. Each request deposits a
//! part of a token and each retry takes a whole one. With few requests, time deposits instead.

use tokio::time::Instant;

/// Capacity of the bucket, which starts full: a hundred calls that fail at the same moment still have three attempts each.
const RESERVE: f64 = 200.0;

/// How the bucket fills.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BudgetPolicy {
    /// Retries for each request, from 0 to 1.
    pub ratio: f64,
    /// Minimum retries per second, if the ratio allows fewer.
    pub min_per_second: f64,
}

/// The tokens of one client. Time is passed in.
#[derive(Debug)]
pub struct RetryBudget {
    policy: Option<BudgetPolicy>,
    tokens: f64,
    /// Deposited by requests since `counted`.
    paid: f64,
    counted: Instant,
}

impl RetryBudget {
    /// A full bucket. Without a policy it is unlimited.
    pub fn new(policy: Option<BudgetPolicy>, now: Instant) -> Self {
        Self { policy, tokens: RESERVE, paid: 0.0, counted: now }
    }

    /// A request is sent for the first time.
    pub fn pay_in(&mut self) {
        self.paid += self.policy.map_or(0.0, |policy| policy.ratio);
    }

    /// Takes a token for a retry; returns whether there was one.
    pub fn take(&mut self, now: Instant) -> bool {
        let Some(policy) = self.policy else { return true };
        let elapsed = now.saturating_duration_since(self.counted);
        // The greater of the two, not their sum: under load the ratio alone is the bound.
        let gained = self.paid.max(policy.min_per_second * elapsed.as_secs_f64());
        self.tokens = (self.tokens + gained).min(RESERVE);
        self.paid = 0.0;
        self.counted = now;
        let has_one = self.tokens >= 1.0;
        if has_one {
            self.tokens -= 1.0;
        }
        has_one
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const POLICY: BudgetPolicy = BudgetPolicy { ratio: 0.2, min_per_second: 10.0 };

    /// How many retries are available at this moment.
    fn drain(budget: &mut RetryBudget, now: Instant) -> usize {
        (0..10_000).take_while(|_| budget.take(now)).count()
    }

    #[test]
    fn a_hundred_calls_that_fail_at_once_have_their_two_retries() {
        let now = Instant::now();
        assert_eq!(drain(&mut RetryBudget::new(Some(POLICY), now), now), 200);
    }

    #[test]
    fn under_load_retries_are_a_fifth_of_the_requests() {
        let start = Instant::now();
        let mut budget = RetryBudget::new(Some(POLICY), start);
        drain(&mut budget, start);
        let mut retries = 0;
        for request in 1..=30_000u32 {
            budget.pay_in();
            // 500 a second.
            retries += drain(&mut budget, start + request * Duration::from_millis(2));
        }
        assert!((5_990..=6_000).contains(&retries), "{retries}");
    }

    #[test]
    fn where_requests_are_few_time_pays() {
        let start = Instant::now();
        let mut budget = RetryBudget::new(Some(POLICY), start);
        drain(&mut budget, start);
        budget.pay_in();
        assert_eq!(drain(&mut budget, start + Duration::from_secs(3)), 30);
        assert_eq!(drain(&mut budget, start + Duration::from_millis(3_099)), 0);
        assert_eq!(drain(&mut budget, start + Duration::from_millis(3_199)), 1);
    }

    #[test]
    fn what_was_saved_is_bounded() {
        let start = Instant::now();
        let mut budget = RetryBudget::new(Some(POLICY), start);
        for _ in 0..1_000_000 {
            budget.pay_in();
        }
        assert_eq!(drain(&mut budget, start + Duration::from_secs(1_000_000)), 200);
    }

    #[test]
    fn nothing_paid_in_means_nothing_after_the_reserve() {
        let start = Instant::now();
        let mut budget = RetryBudget::new(Some(BudgetPolicy { ratio: 0.0, min_per_second: 0.0 }), start);
        drain(&mut budget, start);
        budget.pay_in();
        assert!(!budget.take(start + Duration::from_secs(1_000_000)));
    }

    #[test]
    fn without_a_policy_there_is_no_end() {
        let now = Instant::now();
        assert_eq!(drain(&mut RetryBudget::new(None, now), now), 10_000);
    }
}
