//! Outages in virtual time: what is sent to a relay that only fails, and the errors of its callers.

use super::*;
use crate::breaker::BreakerPolicy;

const MS: Duration = Duration::from_millis(1);
const NEVER: Duration = Duration::from_secs(1_000_000);

/// One attempt each, and a circuit that opens at the fifth failure in a row.
fn config() -> Config {
    Config {
        retry: RetryPolicy { retries: 0, ..Config::default().retry },
        breaker: Some(BreakerPolicy { failures: 5, after: Duration::ZERO, probe_every: Duration::from_secs(1) }),
        ..Config::default()
    }
}

fn down(times: usize) -> impl Iterator<Item = (Duration, Answer)> {
    at_once((0..times).map(|_| status(503)))
}

async fn fails(fixture: &Fixture, soul: &str) -> Arc<CallError> {
    error(fixture.get(soul).await)
}

async fn fails_often(fixture: &Fixture, times: usize) {
    for soul in 0..times {
        assert_eq!(fails(fixture, &soul.to_string()).await.fault, Fault::Status(503));
    }
}

async fn is_barred(fixture: &Fixture) -> bool {
    matches!(fails(fixture, "barred?").await.fault, Fault::CircuitOpen { .. })
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_only_fails_is_left_alone_but_for_a_probe_a_second() {
    let fixture = fixture(config(), down(1_000));
    fails_often(&fixture, 5).await;
    let start = Instant::now();
    let mut barred = 0;
    for _ in 0..5_000 {
        let error = fails(&fixture, "a").await;
        barred += usize::from(matches!(error.fault, Fault::CircuitOpen { .. }));
        assert_eq!(error.attempts, u32::from(!matches!(error.fault, Fault::CircuitOpen { .. })));
        advance(2 * MS).await;
    }
    assert_eq!(start.elapsed(), Duration::from_secs(10));
    assert_eq!((fixture.stat("/requests/sent"), barred), (5 + 9, 5_000 - 9));
    assert_eq!(fixture.stat("/requests/failed/ERR_GUN_CIRCUIT_OPEN"), barred as u64);
}

#[tokio::test(start_paused = true)]
async fn the_first_proper_answer_closes_the_circuit_be_it_a_missing_soul() {
    for proper in [found(), missing(), status(404), status(400), Answer::Missing { remember: false }] {
        let fixture = fixture(config(), down(5).chain(at_once([proper])));
        fails_often(&fixture, 5).await;
        assert!(is_barred(&fixture).await);
        advance(Duration::from_secs(1)).await;
        fixture.get("probe").await;
        assert_eq!(fixture.get("a").await, Outcome::Missing);
    }
}

#[tokio::test(start_paused = true)]
async fn a_soul_known_to_be_missing_is_answered_while_the_circuit_is_open() {
    let fixture = fixture(config(), at_once([missing()]).chain(down(5)));
    fixture.get("known").await;
    fails_often(&fixture, 5).await;
    assert!(is_barred(&fixture).await);
    assert!(fixture.is_known("known"));
}

#[tokio::test(start_paused = true)]
async fn no_number_of_404s_opens_it() {
    let answers = (0..1_000).map(|n| if n % 2 == 0 { missing() } else { status(404) });
    let fixture = fixture(config(), at_once(answers));
    for soul in 0..1_000 {
        fixture.get(&soul.to_string()).await;
    }
    assert_eq!((fixture.get("a").await, fixture.stat("/requests/sent")), (Outcome::Missing, 1_001));
}

#[tokio::test(start_paused = true)]
async fn calls_that_wait_for_a_permit_fail_as_it_opens_and_those_that_wait_to_try_again_with_what_they_met() {
    let config = Config {
        retry: RetryPolicy { retries: 1, base: Duration::from_secs(60), max: Duration::from_secs(60) },
        max_in_flight: 1,
        timeout: NEVER,
        ..config()
    };
    let asks = || Answer::Failed { fault: Fault::Status(503), retry_after: Some(Duration::from_secs(60)) };
    let fixture = fixture(config, (0..5).map(|_| (MS, asks())));
    let calls: Vec<_> = (0..8).map(|soul| fixture.wait(&soul.to_string())).collect();
    let start = Instant::now();
    for (index, call) in calls.into_iter().enumerate() {
        let error = error(call.await.expect("settled"));
        assert_eq!(matches!(error.fault, Fault::Status(503)), index < 5, "{error}");
        assert_eq!(matches!(error.fault, Fault::CircuitOpen { .. }), index >= 5, "{error}");
    }
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(fixture.stat("/requests/sent"), 5);
    assert_eq!((fixture.stat("/requests/inFlight"), fixture.stat("/requests/queued")), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn silence_until_the_clients_time_is_over_opens_it() {
    let fixture = fixture(config(), (0..5).map(|_| (NEVER, found())));
    let mut calls = Vec::new();
    for soul in 0..5 {
        calls.push(fixture.wait(&soul.to_string()));
        sleep(WAIT).await;
    }
    for call in calls {
        assert_eq!(error(call.await.expect("settled")).fault, Fault::Timeout);
    }
    assert!(is_barred(&fixture).await);
}

#[tokio::test(start_paused = true)]
async fn callers_that_leave_or_have_less_time_than_the_client_say_nothing_about_the_relay() {
    let fixture = fixture(config(), (0..20).map(|_| (NEVER, found())));
    let hasty = CallOptions { timeout: Some(MS), fresh: false, is_batch: false };
    for soul in 0..20 {
        let (begun, outcome) = fixture.begin(&soul.to_string(), hasty);
        let Begun::Waits(handle) = begun else { panic!("it waits") };
        if soul % 2 == 0 {
            tokio::task::yield_now().await;
            assert!(fixture.client.leave(&handle));
            assert!(outcome.await.is_err());
        } else {
            assert_eq!(error(outcome.await.expect("settled")).fault, Fault::Timeout);
        }
    }
    assert_eq!(fixture.get("a").await, Outcome::Missing);
}

#[tokio::test(start_paused = true)]
async fn a_request_in_the_queue_when_its_time_ends_says_nothing_about_the_relay() {
    let config = Config { max_in_flight: 1, queue_timeout: WAIT, ..config() };
    let fixture = fixture(config, [(NEVER, found())]);
    let calls: Vec<_> = (0..20).map(|soul| fixture.wait(&soul.to_string())).collect();
    for (index, call) in calls.into_iter().enumerate() {
        let fault = &error(call.await.expect("settled")).fault;
        assert_eq!(*fault == Fault::Timeout, index == 0, "{fault:?}");
    }
    assert_eq!(fixture.get("a").await, Outcome::Missing);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_hangs_or_whose_caller_leaves_does_not_keep_the_next_one_back() {
    let fixture = fixture(config(), down(5).chain([(NEVER, found()), (NEVER, found())]));
    fails_often(&fixture, 5).await;
    advance(Duration::from_secs(1)).await;
    let hangs = fixture.wait("hangs");
    advance(MS).await;
    assert_eq!(fixture.stat("/requests/inFlight"), 1);
    advance(Duration::from_secs(1)).await;
    let (Begun::Waits(handle), _) = fixture.begin("leaves", CallOptions::default()) else { panic!("it waits") };
    advance(MS).await;
    assert!(fixture.client.leave(&handle));
    assert!(is_barred(&fixture).await);
    advance(Duration::from_secs(1)).await;
    assert_eq!(fixture.get("a").await, Outcome::Missing);
    drop(hangs);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_in_flight_as_it_opened_may_close_it() {
    let slow = Duration::from_millis(500);
    let fixture = fixture(config(), [(slow, found())].into_iter().chain(down(5)));
    let before = fixture.wait("before");
    advance(MS).await;
    fails_often(&fixture, 5).await;
    assert!(is_barred(&fixture).await);
    assert!(matches!(before.await, Ok(Outcome::Found(_))));
    assert_eq!(fixture.get("a").await, Outcome::Missing);
}

#[tokio::test(start_paused = true)]
async fn callers_join_an_active_request_though_the_circuit_is_open() {
    let fixture = fixture(config(), down(5).chain([(Duration::from_secs(1), found())]));
    fails_often(&fixture, 5).await;
    advance(Duration::from_secs(1)).await;
    let (probe, joined) = (fixture.wait("a"), fixture.wait("a"));
    assert!(matches!(probe.await, Ok(Outcome::Found(_))));
    assert!(matches!(joined.await, Ok(Outcome::Found(_))));
}

#[tokio::test(start_paused = true)]
async fn without_breaker_and_budget_every_call_has_all_its_attempts() {
    let config = Config { budget: None, breaker: None, ..Config::default() };
    let fixture = fixture(config, down(3_000));
    for soul in 0..1_000 {
        assert_eq!(fails(&fixture, &soul.to_string()).await.attempts, 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_calls_that_fail_at_once_have_all_their_attempts() {
    let config = Config { retry: RetryPolicy { base: 10 * MS, ..Config::default().retry }, ..Config::default() };
    let fixture = fixture(config, down(1_000));
    let calls: Vec<_> = (0..100).map(|soul| fixture.wait(&soul.to_string())).collect();
    for call in calls {
        assert_eq!(error(call.await.expect("settled")).attempts, 3);
    }
}

#[tokio::test(start_paused = true)]
async fn retries_beyond_the_budget_are_not_made_and_their_calls_fail_with_what_they_met() {
    let config = Config { breaker: None, ..Config::default() };
    let fixture = fixture(config, down(100_000));
    let calls = 10_000;
    for second in 0..20 {
        let calls: Vec<_> = (0..500).map(|n| fixture.wait(&format!("{second}:{n}"))).collect();
        advance(Duration::from_secs(1)).await;
        for call in calls {
            assert_eq!(error(call.await.expect("settled")).fault, Fault::Status(503));
        }
    }
    let retried = fixture.stat("/requests/retried");
    // A fifth, the reserve, and ten a second at most.
    assert!((calls / 5..=calls / 5 + 200 + 20 * 10).contains(&retried), "{retried}");
    assert_eq!(fixture.stat("/requests/sent"), calls + retried);
}
