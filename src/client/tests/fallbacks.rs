//! Fallback relays: they turn failures into records, and nothing else.

use super::*;
use crate::breaker::BreakerPolicy;

const NEVER: Duration = Duration::from_secs(1_000_000);

fn config() -> Config {
    Config { retry: RetryPolicy { retries: 0, ..Config::default().retry }, ..Config::default() }
}

fn others(error: &CallError) -> Vec<String> {
    error.others.iter().map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn a_failure_becomes_the_record_of_the_first_fallback_that_has_it() {
    let empty = Script::new(at_once([missing()]));
    let has_it = Script::new(at_once([found()]));
    let unasked = Script::new([]);
    let fallbacks = vec![Arc::clone(&empty), Arc::clone(&has_it), Arc::clone(&unasked)];
    let fixture = fixture_with_fallbacks(config(), at_once([status(503)]), fallbacks);
    assert!(matches!(fixture.get("a").await, Outcome::Found(_)));
    assert_eq!((empty.asked().len(), has_it.asked().len(), unasked.asked().len()), (1, 1, 0));
    assert_eq!((fixture.stat("/requests/found"), fixture.stat("/requests/sent"), fixture.stat("/size")), (1, 3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_fallback_that_has_no_record_leaves_the_first_relays_error_with_its_causes() {
    let fallbacks = vec![Script::new(at_once([missing()])), Script::new(at_once([status(500)]))];
    let fixture = fixture_with_fallbacks(config(), at_once([status(503)]), fallbacks);
    let error = error(fixture.get("a").await);
    assert_eq!((&error.fault, error.attempts), (&Fault::Status(503), 1));
    assert_eq!(
        others(&error),
        ["fallback relay http://fallback-0 has no record of it", "fallback relay http://fallback-1: it answered 500"]
    );
    assert!(!fixture.is_known("a"), "another relay's word is not remembered");
}

#[tokio::test(start_paused = true)]
async fn the_relays_own_answer_is_final_be_it_missing_or_a_failure_that_does_not_pass() {
    for answer in [missing(), status(404), status(400), Answer::Missing { remember: false }] {
        let fallback = Script::new(at_once([found()]));
        let fixture = fixture_with_fallbacks(config(), at_once([answer]), vec![Arc::clone(&fallback)]);
        fixture.get("a").await;
        assert_eq!(fallback.asked().len(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_hangs_leaves_the_fallback_time_even_with_a_short_timeout_of_the_caller() {
    for timeout in [None, Some(WAIT)] {
        let fallback = Script::new([(WAIT / 4, found())]);
        let fixture = fixture_with_fallbacks(config(), [(NEVER, found())], vec![fallback]);
        let (_, outcome) = fixture.begin("a", CallOptions { timeout, ..CallOptions::default() });
        assert!(matches!(outcome.await, Ok(Outcome::Found(_))), "{timeout:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_first_circuit_is_open_the_fallback_is_asked_at_once_and_has_a_circuit_of_its_own() {
    let breaker = BreakerPolicy { failures: 2, after: Duration::ZERO, probe_every: NEVER };
    let config = Config { breaker: Some(breaker), ..config() };
    let fallback = Script::new(at_once([found(), found(), found(), status(502), status(502)]));
    let fixture = fixture_with_fallbacks(config, at_once([status(503), status(503)]), vec![Arc::clone(&fallback)]);
    for soul in ["a", "b", "c"] {
        assert!(matches!(fixture.get(soul).await, Outcome::Found(_)));
    }
    assert_eq!(fixture.script.asked(), ["a", "b"]);
    for soul in ["d", "e", "f"] {
        let error = error(fixture.get(soul).await);
        assert_eq!(error.fault.code(), Code::CircuitOpen);
        assert_eq!(error.others.len(), 1);
    }
    assert_eq!(fallback.asked(), ["a", "b", "c", "d", "e"]);
}
