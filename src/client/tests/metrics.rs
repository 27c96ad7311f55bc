//! What is counted of calls and exchanges, and how long they took, in virtual time.

use super::*;

/// The figures as JavaScript gets them.
fn figures(fixture: &Fixture) -> serde_json::Value {
    serde_json::to_value(fixture.client.metrics()).expect("JSON")
}

fn number(figures: &serde_json::Value, pointer: &str) -> u64 {
    figures.pointer(pointer).and_then(serde_json::Value::as_u64).unwrap_or_else(|| panic!("{pointer} in {figures}"))
}

fn count_of(ended: &serde_json::Value) -> u64 {
    let buckets = ended["durations"]["buckets"].as_array().expect("buckets");
    buckets.iter().filter_map(serde_json::Value::as_u64).sum()
}

#[tokio::test(start_paused = true)]
async fn every_call_is_counted_once_by_how_it_ended() {
    let config = Config { max_in_flight: 1, max_queue: 0, ..Config::default() };
    let fixture = fixture(config, [(WAIT, found()), (WAIT, missing()), (WAIT, status(400))]);
    let (first, joined) = (fixture.wait("a"), fixture.wait("a"));
    assert!(matches!(fixture.begin("no room", CallOptions::default()).0, Begun::Failed(_)));
    first.await.expect("settled");
    joined.await.expect("settled");
    fixture.get("gone").await;
    assert!(fixture.is_known("gone"));
    fixture.get("bad").await;
    let (Begun::Waits(handle), _outcome) = fixture.begin("left", CallOptions::default()) else { panic!("it waits") };
    advance(WAIT / 3).await;
    assert!(fixture.client.leave(&handle));
    let figures = figures(&fixture);
    let calls = &figures["calls"];
    let by = serde_json::json!({ "known_missing": 1, "found": 2, "missing": 1, "failed": 2, "aborted": 1 });
    assert_eq!(calls["by"], by);
    assert_eq!(number(calls, "/failed/ERR_GUN_STATUS"), 1);
    assert_eq!(number(calls, "/failed/ERR_GUN_OVERLOADED"), 1);
    assert_eq!(count_of(calls), 7);
    // Four waited for 3 s, one was left after 1 s.
    assert_eq!(calls["durations"]["sum"].as_f64(), Some(13.0));
}

#[tokio::test(start_paused = true)]
async fn every_exchange_is_counted_once_by_its_status_and_by_its_failure() {
    let broken = Fault::BadResponse { reason: "it is not JSON", truncated: false };
    let garbage = Fault::BadResponse { reason: crate::error::NOT_HTTP, truncated: false };
    let answers = [
        found(),
        missing(),
        Answer::Missing { remember: false },
        status(302),
        status(400),
        status(503),
        Fault::Timeout.into(),
        broken.into(),
        garbage.into(),
        Fault::BodyTooLarge { limit: 1 }.into(),
        status(999),
    ];
    let fixture = fixture(Config::default(), at_once(answers));
    for soul in 0..9 {
        fixture.get(&soul.to_string()).await;
    }
    let figures = figures(&fixture);
    let exchanges = &figures["exchanges"];
    let by = serde_json::json!({ "none": 2, "2xx": 4, "3xx": 1, "4xx": 2, "5xx": 1, "other": 1 });
    assert_eq!(exchanges["by"], by);
    let failed = [("STATUS", 4), ("TIMEOUT", 1), ("BAD_RESPONSE", 2), ("BODY_TOO_LARGE", 1), ("CONNECT", 0)];
    for (code, times) in failed {
        assert_eq!(number(exchanges, &format!("/failed/ERR_GUN_{code}")), times, "{code}");
    }
    assert_eq!(count_of(exchanges), 11);
    assert_eq!(number(&figures, "/stats/requests/sent"), 11);
}

#[tokio::test(start_paused = true)]
async fn an_exchange_broken_off_with_its_last_caller_is_cancelled_and_its_time_counts() {
    let config = Config { timeout: WAIT / 2, ..Config::default() };
    let fixture = fixture(config, []);
    fixture.get("a").await;
    let figures = figures(&fixture);
    assert_eq!(number(&figures, "/exchanges/failed/cancelled"), 1);
    assert_eq!(number(&figures, "/exchanges/by/none"), 1);
    assert_eq!(figures["exchanges"]["durations"]["sum"].as_f64(), Some(1.5));
    assert_eq!(number(&figures, "/calls/failed/ERR_GUN_TIMEOUT"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_lasts_through_its_retries_and_an_exchange_does_not() {
    let asks = Answer::Failed { fault: Fault::Status(503), retry_after: Some(Duration::from_secs(9)) };
    let fixture = fixture(Config::default(), [(WAIT, asks), (WAIT, found())]);
    fixture.get("a").await;
    let figures = figures(&fixture);
    assert_eq!(figures["exchanges"]["durations"]["sum"].as_f64(), Some(6.0));
    let call = figures["calls"]["durations"]["sum"].as_f64().expect("a number");
    // Timers of tokio are a millisecond late at most.
    assert!((15.0..15.01).contains(&call), "{call}");
}

#[tokio::test(start_paused = true)]
async fn what_was_given_up_for_want_of_attempts_or_time_is_exhausted_and_nothing_else_is() {
    let config = Config { retry: RetryPolicy { retries: 1, ..Config::default().retry }, ..Config::default() };
    let fixture = fixture(config, at_once([status(503), status(503), status(400), missing()]));
    for soul in ["down", "bad", "gone"] {
        fixture.get(soul).await;
    }
    assert_eq!(number(&figures(&fixture), "/exhausted"), 1);
    let never = Duration::from_secs(1_000_000);
    fixture.script.answers.lock().expect("no panic here").push_back((never, Some(found())));
    fixture.get("slow").await;
    assert_eq!(number(&figures(&fixture), "/exhausted"), 2);
}

#[tokio::test(start_paused = true)]
async fn quantiles_are_those_of_exchanges_and_0_before_the_first() {
    let fixture = fixture(Config::default(), []);
    assert_eq!(fixture.client.snapshot().requests.p99, 0.0);
    fixture.get("a").await;
    assert!(fixture.is_known("a"));
    let requests = fixture.client.snapshot().requests;
    for quantile in [requests.p50, requests.p90, requests.p99] {
        assert!((2_500.0..=3_000.0).contains(&quantile), "{requests:?}");
    }
}
